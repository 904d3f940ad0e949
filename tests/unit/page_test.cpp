// The report page: its columns, its data, and that nothing of a study becomes markup. What the page makes of them is in
// tests/browser.
#include "tuner/report/page.hpp"

#include <zlib.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "temporary_folder.hpp"
#include "tuner/library.hpp"
#include "tuner/report/page/assets.hpp"
#include "tuner/report/page_columns.hpp"
#include "tuner/report/page_study.hpp"
#include "tuner/report/performance_profile.hpp"

namespace tuner::report {
namespace {

using storage::RunRow;

std::string from_base64(std::string_view text) {
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned bits = 0, count = 0;
  for (const char digit : text) {
    if (digit == '=') break;
    bits = bits << 6 | static_cast<unsigned>(digits.find(digit));
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes += static_cast<char>(bits >> count & 255);
    }
  }
  return bytes;
}

std::string inflated(const std::string& deflated) {
  std::string bytes(1 << 20, '\0');
  uLongf size = bytes.size();
  EXPECT_EQ(uncompress(reinterpret_cast<Bytef*>(bytes.data()), &size, reinterpret_cast<const Bytef*>(deflated.data()),
                       deflated.size()),
            Z_OK);
  bytes.resize(size);
  return bytes;
}

template <class Number>
std::vector<Number> read(const std::string& bytes, const Json& where) {
  const auto at = static_cast<std::size_t>(where["at"].get<std::int64_t>());
  const auto count = static_cast<std::size_t>(where["count"].get<std::int64_t>());
  std::vector<Number> numbers(count);
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t plane = 0; plane < sizeof(Number); ++plane)
      reinterpret_cast<char*>(&numbers[i])[plane] = bytes[at + plane * count + i];
  return numbers;
}

TEST(Page, Base64IsThatOfRfc4648) {
  const std::pair<const char*, const char*> examples[] = {{"", ""},
                                                          {"f", "Zg=="},
                                                          {"fo", "Zm8="},
                                                          {"foo", "Zm9v"},
                                                          {"foob", "Zm9vYg=="},
                                                          {"fooba", "Zm9vYmE="},
                                                          {"foobar", "Zm9vYmFy"},
                                                          {"\xff\xfe\xfd", "//79"}};
  for (const auto& [bytes, text] : examples) {
    EXPECT_EQ(base64(bytes), text);
    EXPECT_EQ(from_base64(text), bytes);
  }
}

TEST(Page, ArraysComeBackBitForBit) {
  const std::vector<double> reals{0.1, -0.0, std::nan(""), HUGE_VAL, 5e-324};
  const std::vector<std::int64_t> integers{INT64_MIN, -1, 0, INT64_MAX};
  const std::vector<std::uint8_t> bytes{0, 255};
  PackedArrays arrays;
  const Json a = arrays.add(reals), b = arrays.add(integers), c = arrays.add(bytes),
             none = arrays.add(std::span<const double>{});
  const std::string all = inflated(from_base64(arrays.packed()));
  const auto back = read<double>(all, a);
  EXPECT_EQ(std::memcmp(back.data(), reals.data(), reals.size() * sizeof(double)), 0);
  EXPECT_EQ(read<std::int64_t>(all, b), integers);
  EXPECT_EQ(read<std::uint8_t>(all, c), bytes);
  EXPECT_TRUE(read<double>(all, none).empty());
  EXPECT_EQ(a["type"], Json("f64"));
}

struct Packed {
  Json description;
  std::string bytes;
};
Packed packed(const std::vector<std::optional<Value>>& cells) {
  Cells column;
  for (const auto& cell : cells) column.add(cell.value_or(Null{}), cell.has_value());
  PackedArrays arrays;
  Json description = column.pack(arrays);
  return {std::move(description), inflated(from_base64(arrays.packed()))};
}

TEST(Page, CellsOfOneKindAreNumbers) {
  const Packed reals = packed({1.5, std::nullopt, 2.0});
  EXPECT_EQ(reals.description["data"]["type"], Json("f64"));
  EXPECT_EQ(read<double>(reals.bytes, reals.description["data"])[2], 2.0);
  EXPECT_EQ(read<std::uint8_t>(reals.bytes, reals.description["missing"]), (std::vector<std::uint8_t>{0, 1, 0}));
  EXPECT_TRUE(reals.description["choices"].is_null());
  const Packed integers = packed({std::nullopt, std::int64_t{1} << 60, std::int64_t{-3}});
  EXPECT_EQ(read<std::int64_t>(integers.bytes, integers.description["data"]),
            (std::vector<std::int64_t>{0, std::int64_t{1} << 60, -3}));
  EXPECT_TRUE(packed({1.5}).description["missing"].is_null());
}

TEST(Page, OtherCellsAreChoices) {
  const Packed mixed = packed({std::int64_t{1}, std::nullopt, 1.0, std::string("a"), Null{}, true, std::string("a"),
                               std::nan(""), List{std::int64_t{1}, std::string("b")}});
  EXPECT_EQ(mixed.description["choices"].dump(), R"([null,1,{"n":1.0},"a",null,true,{"n":"nan"},[1,"b"]])");
  EXPECT_EQ(read<std::uint32_t>(mixed.bytes, mixed.description["data"]),
            (std::vector<std::uint32_t>{1, 0, 2, 3, 4, 5, 3, 6, 7}));
  // Numbers that came before are choices too.
  EXPECT_EQ(packed({0.5, 0.25, std::string("x")}).description["choices"].dump(), R"([null,{"n":0.5},{"n":0.25},"x"])");
}

TEST(Page, TrialsHaveTheirKeysParametersAndOptimizer) {
  RunRow run;
  run.number = 3;
  run.started_at = "2026-11-27T06:00:00.123Z";
  run.finished_at = "not a time";
  run.seed = UINT64_MAX;
  run.parameters = {{"lr", 0.1}, {"unknown", std::int64_t{1}}, {"depth", std::int64_t{2}}};
  TrialColumns columns({"lr", "momentum", "depth"});
  columns.add(run, "sgd");
  PackedArrays arrays;
  const Json list = columns.pack(arrays);
  const std::string bytes = inflated(from_base64(arrays.packed()));
  std::map<std::string, Json> found;
  for (const Json& column : list) found[column["name"].get<std::string>()] = column;
  EXPECT_EQ(read<std::int64_t>(bytes, found["trial"]["data"]).front(), 3);
  EXPECT_EQ(read<std::int64_t>(bytes, found["started_at"]["data"]).front(), 1795759200123);
  EXPECT_EQ(found["finished_at"]["choices"].at(1), Json("not a time"));
  EXPECT_EQ(read<std::int64_t>(bytes, found["seed"]["data"]).front(), -1);
  EXPECT_EQ(read<double>(bytes, found["lr"]["data"]).front(), 0.1);
  EXPECT_EQ(read<std::int64_t>(bytes, found["depth"]["data"]).front(), 2);
  EXPECT_EQ(read<std::uint8_t>(bytes, found["momentum"]["missing"]).front(), 1);
  EXPECT_EQ(found["optimizer of the trial"]["choices"].at(1), Json("sgd"));
  EXPECT_EQ(found["lr"]["parameter"], Json(true));
  EXPECT_EQ(found["trial"]["parameter"], Json(false));
}

constexpr const char* kMarkup = "</script><script>alert(1)</script><!--<b>&amp;\"'";

TEST(Page, NothingOfAStudyIsMarkup) {
  const std::vector<PageStudy> studies{{.description = {{"config", kMarkup}}, .arrays = "AAAA"}};
  const std::string data = page_data({{"database", kMarkup}}, studies);
  EXPECT_EQ(data.find('<'), std::string::npos);
  EXPECT_EQ(Json::parse(data.substr(0, data.find('\n')))["studies"].at(0).at("config"), Json(kMarkup));
  EXPECT_EQ(data.substr(data.find('\n')), "\nAAAA");
  const std::string html = page_html(kMarkup, data, false);
  EXPECT_EQ(html.find("<script>alert"), std::string::npos);
  EXPECT_NE(
      html.find("<title>&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;&lt;!--&lt;b&gt;&amp;amp;\"'</title>"),
      std::string::npos);
  // A place in what is filled in stays what it is.
  EXPECT_NE(page_html("@DATA@", data, false).find("<title>@DATA@</title>"), std::string::npos);
}

TEST(Page, ThePolicyAllowsWhatIsInThePageAlone) {
  const std::string policy = page_policy(false), html = page_html("t", "d", false);
  EXPECT_NE(html.find(policy), std::string::npos);
  EXPECT_EQ(policy.find("unsafe"), std::string::npos);
  EXPECT_EQ(policy.find("connect-src"), std::string::npos);
  EXPECT_NE(page_policy(true).find("connect-src 'self'"), std::string::npos);
  for (const std::string_view part : {page::script(), page::charts(), page::style()}) {
    std::string bytes;
    const std::string hex = sha256_of_text(part);
    for (std::size_t at = 0; at < hex.size(); at += 2)
      bytes += static_cast<char>(std::stoi(hex.substr(at, 2), nullptr, 16));
    EXPECT_NE(policy.find("'sha256-" + base64(bytes) + "'"), std::string::npos);
    // The hash is that of what the browser finds between the tags.
    EXPECT_EQ(part.find("</script"), std::string_view::npos);
    EXPECT_EQ(part.find("</style"), std::string_view::npos);
    EXPECT_EQ(part.find('\r'), std::string_view::npos);
    EXPECT_NE(html.find(fmt::format(">{}</", part)), std::string::npos);
  }
  EXPECT_LT(html.size(), 1'500'000U);
  for (const char* word : {"eval(", "new Function", "innerHTML", "insertAdjacentHTML", "document.write", "http://"})
    EXPECT_EQ(page::script().find(word), std::string_view::npos) << word;
}

storage::Store store_with(const std::filesystem::path& file, std::uint64_t trials) {
  storage::Store store(file, storage::Access::read_write);
  storage::StudyRecord study;
  study.name = "s";
  study.metric = "loss";
  study.plan = R"({"space": {"x": {"min": 0.0, "max": 1.0}}})";
  study.tuner_version = "1";
  study.config_sha256 = sha256_of_text(study.config_text);
  store.open_study(study);
  std::vector<storage::TrialRecord> records;
  for (std::uint64_t number = 0; number < trials; ++number) {
    storage::TrialRecord& trial = records.emplace_back();
    trial.id = only_replicate(number);
    trial.parameters = {{"x", static_cast<double>(number % 97) / 97}};
    trial.result.value = static_cast<double>((number * 7919) % 1009);
    for (std::int64_t step = 0; step < 400; ++step)
      if (number < 2 || step < 3)
        trial.result.metrics.push_back({.step = step, .name = "loss", .value = static_cast<double>(step)});
  }
  store.record(records);
  return store;
}

TEST(Page, HasTheCurvesOfTheBestAndOfSomeOthers) {
  const test::TemporaryFolder folder;
  const storage::Store store = store_with(folder.path() / "t.db", 1000);
  storage::Damage damage;
  const PageStudy study = page_study(store, "s", damage);
  const Json& curves = study.description["curves"]["list"];
  ASSERT_EQ(curves.size(), 200U);
  EXPECT_EQ(study.description["best"].size(), 100U);
  for (std::size_t i = 0; i < 100; ++i) EXPECT_EQ(curves[i]["trial"], study.description["best"][i]);
  std::map<std::int64_t, int> times;
  std::int64_t last_hundred = 0;
  for (const Json& curve : curves) ++times[curve["trial"].get<std::int64_t>()];
  for (const auto& [trial, count] : times) {
    EXPECT_EQ(count, 1) << trial;
    last_hundred += trial >= 500 ? 1 : 0;
  }
  // Drawn from the whole study. The chance of fewer is below 1e-9.
  EXPECT_GT(last_hundred, 60);
  for (const Json& curve : curves) {
    if (curve["trial"].get<std::int64_t>() >= 2) continue;
    EXPECT_EQ(curve["measured"], Json(400));
    EXPECT_LE(curve["count"].get<std::int64_t>(), 300);
  }
  const PageStudy again = page_study(store, "s", damage);
  EXPECT_EQ(again.description, study.description);
  EXPECT_EQ(again.arrays, study.arrays);
  EXPECT_TRUE(page_ranking(store, {"s"}, damage).is_null());
  EXPECT_TRUE(damage.empty());
}

TEST(Page, AStudyWithoutTrialsHasAPage) {
  const test::TemporaryFolder folder;
  const storage::Store store = store_with(folder.path() / "t.db", 0);
  storage::Damage damage;
  const PageStudy study = page_study(store, "s", damage);
  EXPECT_TRUE(study.description["importance"].empty());
  EXPECT_TRUE(study.description["pruning"].is_null());
  EXPECT_TRUE(study.description["replicates"].empty());
}

TEST(Page, ProfilesAreSharesOfTheProblemsByTau) {
  const std::vector<Contender> contenders{{"a", {1, 2, HUGE_VAL}}, {"b", {2, 1, 5}}};
  const auto profiles = performance_profiles(contenders);
  ASSERT_EQ(profiles.size(), 2U);
  ASSERT_EQ(profiles[0].size(), static_cast<std::size_t>(kProfilePoints));
  EXPECT_DOUBLE_EQ(profile_tau(0), 1);
  EXPECT_DOUBLE_EQ(profile_tau(kProfilePoints - 1), 4);
  EXPECT_DOUBLE_EQ(profiles[0].front(), 1.0 / 3);
  EXPECT_DOUBLE_EQ(profiles[0].back(), 2.0 / 3);
  EXPECT_DOUBLE_EQ(profiles[1].front(), 2.0 / 3);
  EXPECT_DOUBLE_EQ(profiles[1].back(), 1);
  EXPECT_TRUE(performance_profiles({}).empty());
}

}  // namespace
}  // namespace tuner::report
