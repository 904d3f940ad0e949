# find_package(tuner 1 CONFIG REQUIRED) gives the target tuner::sdk (headers of the ABI and of the C++ layer, which need
# nothing else), the function tuner_add_plugin(NAME SOURCE...), and TUNER_PROGRAM, the program of this installation, which
# checks plugins; empty where the package came without it.
get_filename_component(TUNER_PROGRAM ${CMAKE_CURRENT_LIST_DIR}/../../../bin/tuner ABSOLUTE)
if(NOT EXISTS ${TUNER_PROGRAM})
  set(TUNER_PROGRAM "")
endif()
include(${CMAKE_CURRENT_LIST_DIR}/tunerTargets.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/tuner_add_plugin.cmake)
