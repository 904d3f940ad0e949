// e2e_sql FILE SQL: changes a database as no command of tuner would.
#include <sqlite3.h>

#include <iostream>

int main(int argc, char** argv) {
  sqlite3* handle = nullptr;
  char* error = nullptr;
  if (argc != 3 || sqlite3_open_v2(argv[1], &handle, SQLITE_OPEN_READWRITE, nullptr) != SQLITE_OK) return 2;
  const int code = sqlite3_exec(handle, argv[2], nullptr, nullptr, &error);
  if (code != SQLITE_OK) std::cerr << error << "\n";
  sqlite3_free(error);
  sqlite3_close(handle);
  return code == SQLITE_OK ? 0 : 1;
}
