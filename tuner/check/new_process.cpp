#include "tuner/check/new_process.hpp"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstring>
#include <span>
#include <stdexcept>

#include "tuner/check/answers.hpp"
#include "tuner/check/children.hpp"
#include "tuner/check/settings.hpp"
#include "tuner/child_process.hpp"
#include "tuner/error.hpp"

namespace tuner::check {

namespace {

// Longer than a check may take, whose own limit ends both.
constexpr auto kLimit = std::chrono::hours(1);

// Bytes that two processes share: state is too long for the pipe of answers. The child inherits the descriptor.
class SharedFile {
 public:
  SharedFile() : file_(::memfd_create("state", 0)) {}
  explicit SharedFile(int file) : file_(file) {}
  ~SharedFile() { ::close(file_); }
  SharedFile(const SharedFile&) = delete;
  SharedFile& operator=(const SharedFile&) = delete;

  [[nodiscard]] std::string word() const { return std::to_string(file_); }
  void write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t n = ::write(file_, bytes.data(), bytes.size());
      if (n <= 0) throw Found{"there is no memory for the state", "free some"};
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  [[nodiscard]] std::string read() const {
    std::string bytes;
    char buffer[1 << 16];
    for (ssize_t n; (n = ::pread(file_, buffer, sizeof buffer, static_cast<off_t>(bytes.size()))) > 0;)
      bytes.append(buffer, static_cast<std::size_t>(n));
    return bytes;
  }

 private:
  int file_;
};

std::string shapes_word(const std::vector<TensorSpec>& tensors) {
  std::string word = "-";
  for (const TensorSpec& spec : tensors) word += fmt::format("{}:{},", spec.name, spec.numel());
  return word;
}

std::vector<TensorSpec> tensors_of(std::string_view word) {
  std::vector<TensorSpec> tensors;
  for (word.remove_prefix(1); !word.empty();) {
    const std::size_t colon = word.find(':'), comma = word.find(',');
    std::int64_t numel = 0;
    std::from_chars(word.data() + colon + 1, word.data() + comma, numel);
    tensors.push_back(plain_tensor(std::string(word.substr(0, colon)), {numel}));
    word.remove_prefix(comma + 1);
  }
  return tensors.empty() ? ordinary_tensors() : tensors;
}

// What a child that did not end well is to be reported with.
Found death(const Ended& ended, std::string_view purpose) {
  std::string when;
  for (const AnswerRecord& answer : read_answers(ended.answers)) {
    if (answer.kind == Answer::failure) return {answer.text, answer.second};
    if (answer.kind == Answer::doing) when = ": " + answer.text;
  }
  const std::string how = WIFSIGNALED(ended.status) ? fmt::format("crashed with signal {} ({})", WTERMSIG(ended.status),
                                                                  strsignal(WTERMSIG(ended.status)))
                                                    : fmt::format("ended with exit code {}", WEXITSTATUS(ended.status));
  return {fmt::format("the process {} {}{}", purpose, how, when),
          "a step must go well in any process: look for what the plugin takes from its surroundings"};
}

std::string prefix_of(std::uint32_t dtype) { return std::string(dtype_name(dtype)) + " "; }

}  // namespace

State steps_in_new_process(const Subject& subject, const Steps& steps, std::string_view purpose) {
  const SharedFile from, to;
  from.write(to_bytes(steps.from));
  std::vector<std::string> words{subject.self,
                                 kStepsWord,
                                 subject.file,
                                 std::string(subject.plugin->id()),
                                 std::to_string(subject.seed),
                                 std::to_string(steps.count),
                                 from.word(),
                                 to.word(),
                                 shapes_word(steps.tensors)};
  for (const auto& [id, value] : subject.given) words.push_back(fmt::format("{}={}", id, to_json(value)));
  std::vector<std::string> environment;
  if (steps.isa != nullptr) environment.push_back(fmt::format("TUNER_ISA={}", steps.isa));
  Children children(1, kLimit);
  children.start(0, words, environment);
  const Ended ended = children.wait();
  if (!WIFEXITED(ended.status) || WEXITSTATUS(ended.status) != 0) throw death(ended, purpose);
  State state = state_from(to.read());
  if (state.empty()) throw death(ended, purpose);
  return state;
}

int answer_steps(const std::vector<std::string>& words) {
  if (words.size() < 7)
    throw Error(Message::usage_bad_option,
                fmt::format("usage: tuner {} FILE PLUGIN SEED COUNT FROM TO SHAPES [OPTION=VALUE...]", kStepsWord));
  end_with_parent(kAnswerFile);
  auto& catalogue = *new Catalogue;  // never destroyed, as in answer_check()
  catalogue.add_file(words[0]);
  Subject subject;
  subject.file = words[0];
  subject.plugin = &catalogue.get(Kind::optimizer, words[1]);
  std::from_chars(words[2].data(), words[2].data() + words[2].size(), subject.seed);
  subject.given = settings_for(*subject.plugin, std::span(words).subspan(7));
  const SharedFile from(std::stoi(words[4])), to(std::stoi(words[5]));
  const State given = state_from(from.read());
  Report report(kAnswerFile);
  reporting(report, [&] {
    State all;
    for (const std::uint32_t dtype : kBothDtypes) {
      Setup setup = setup_for(subject, &report);
      setup.dtype = dtype;
      setup.tensors = tensors_of(words[6]);
      Rig rig(*subject.plugin, setup);
      State start;
      for (Piece piece : given)
        if (piece.name.starts_with(prefix_of(dtype))) {
          piece.name.erase(0, prefix_of(dtype).size());
          start.push_back(std::move(piece));
        }
      if (!start.empty()) rig.set_state(start);
      rig.run(std::stoi(words[3]));
      for (Piece& piece : rig.state()) {
        piece.name.insert(0, prefix_of(dtype));
        all.push_back(std::move(piece));
      }
    }
    to.write(to_bytes(all));
  });
  std::fflush(nullptr);
  ::_exit(0);  // as in answer_check(): what static objects do at the end is another check's
}

}  // namespace tuner::check
