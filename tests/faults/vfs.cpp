#include "vfs.hpp"

#include <sqlite3.h>

#include <new>

namespace tuner::faults {

namespace {

sqlite3_vfs* base = nullptr;
FaultPlan plan;
Written counts;

// An open file: ours, with the real one behind it in the same block.
struct File {
  sqlite3_file head;
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};
sqlite3_file* real(sqlite3_file* file) { return reinterpret_cast<File*>(file)->real(); }

bool fails(std::uint64_t number, bool concerned) {
  if (!concerned || (plan.lasting ? number < plan.at : number != plan.at)) return false;
  counts.failed = true;
  return true;
}

bool of_writes() {
  return plan.fault == Fault::write_error || plan.fault == Fault::disk_full || plan.fault == Fault::short_write;
}

int close(sqlite3_file* file) { return real(file)->pMethods->xClose(real(file)); }
int read(sqlite3_file* file, void* bytes, int size, sqlite3_int64 at) {
  return real(file)->pMethods->xRead(real(file), bytes, size, at);
}
int write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 at) {
  if (!fails(++counts.writes, of_writes())) return real(file)->pMethods->xWrite(real(file), bytes, size, at);
  if (plan.fault == Fault::write_error) return SQLITE_IOERR_WRITE;
  if (plan.fault == Fault::short_write && size > 1) {
    const int code = real(file)->pMethods->xWrite(real(file), bytes, size / 2, at);
    if (code != SQLITE_OK) return code;
  }
  return SQLITE_FULL;
}
int truncate(sqlite3_file* file, sqlite3_int64 size) {
  if (fails(++counts.writes, of_writes())) return SQLITE_IOERR_TRUNCATE;
  return real(file)->pMethods->xTruncate(real(file), size);
}
int sync(sqlite3_file*, int) {
  // Nothing here loses power: what the real one would do costs time and changes nothing.
  return fails(++counts.syncs, plan.fault == Fault::sync_error) ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}
int file_size(sqlite3_file* file, sqlite3_int64* size) { return real(file)->pMethods->xFileSize(real(file), size); }
int lock(sqlite3_file* file, int level) { return real(file)->pMethods->xLock(real(file), level); }
int unlock(sqlite3_file* file, int level) { return real(file)->pMethods->xUnlock(real(file), level); }
int check_lock(sqlite3_file* file, int* out) { return real(file)->pMethods->xCheckReservedLock(real(file), out); }
int control(sqlite3_file* file, int op, void* argument) {
  return real(file)->pMethods->xFileControl(real(file), op, argument);
}
int sector_size(sqlite3_file* file) { return real(file)->pMethods->xSectorSize(real(file)); }
int characteristics(sqlite3_file* file) { return real(file)->pMethods->xDeviceCharacteristics(real(file)); }
int shm_map(sqlite3_file* file, int page, int size, int extend, void volatile** memory) {
  if (extend != 0 && fails(++counts.maps, plan.fault == Fault::map_error)) return SQLITE_IOERR_SHMSIZE;
  return real(file)->pMethods->xShmMap(real(file), page, size, extend, memory);
}
int shm_lock(sqlite3_file* file, int offset, int n, int flags) {
  return real(file)->pMethods->xShmLock(real(file), offset, n, flags);
}
void shm_barrier(sqlite3_file* file) { real(file)->pMethods->xShmBarrier(real(file)); }
int shm_unmap(sqlite3_file* file, int remove) { return real(file)->pMethods->xShmUnmap(real(file), remove); }

sqlite3_io_methods methods_of_version_2() {
  sqlite3_io_methods m{};
  m.iVersion = 2;
  m.xClose = close;
  m.xRead = read;
  m.xWrite = write;
  m.xTruncate = truncate;
  m.xSync = sync;
  m.xFileSize = file_size;
  m.xLock = lock;
  m.xUnlock = unlock;
  m.xCheckReservedLock = check_lock;
  m.xFileControl = control;
  m.xSectorSize = sector_size;
  m.xDeviceCharacteristics = characteristics;
  m.xShmMap = shm_map;
  m.xShmLock = shm_lock;
  m.xShmBarrier = shm_barrier;
  m.xShmUnmap = shm_unmap;
  return m;
}
const sqlite3_io_methods methods = methods_of_version_2();

int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  auto* ours = new (file) File;
  ours->head.pMethods = nullptr;
  const int code = base->xOpen(base, name, ours->real(), flags, out_flags);
  if (ours->real()->pMethods != nullptr) ours->head.pMethods = &methods;
  return code;
}

}  // namespace

void install_faults() {
  if (base != nullptr) return;
  base = sqlite3_vfs_find(nullptr);
  static sqlite3_vfs shim = *base;
  shim.zName = "faults";
  shim.szOsFile = static_cast<int>(sizeof(File)) + base->szOsFile;
  shim.xOpen = open;
  sqlite3_vfs_register(&shim, 1);
}

void set_faults(const FaultPlan& wanted) { plan = wanted, counts = {}; }

Written written() { return counts; }

}  // namespace tuner::faults
