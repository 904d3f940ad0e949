# find_package(tuner 1 CONFIG REQUIRED) gives the target tuner::sdk (headers of the ABI and of the C++ layer, which need
# nothing else) and the function tuner_add_plugin(NAME SOURCE...).
include(${CMAKE_CURRENT_LIST_DIR}/tunerTargets.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/tuner_add_plugin.cmake)
