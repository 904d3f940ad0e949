# tuner_add_plugin(NAME SOURCE... [CHECK_ARGUMENTS ARGUMENT...])
#
# A plugin library NAME.so: a module that exports its entry function alone, every symbol resolved at link time, and the
# arithmetic that the ABI promises (no contraction). No errno from sqrt and no floating-point traps: neither changes a
# value, and without either a loop with a root or a ?: in it does not become a vector loop.
#
# Where testing is enabled (enable_testing() before), ctest gets the test plugins.check.NAME with the label conformance:
# `tuner plugins check` on the library, with CHECK_ARGUMENTS behind it, such as --set data_dir=... of an objective that
# needs data. TUNER_CHECK_PLUGINS set to OFF leaves it out.
function(tuner_add_plugin name)
  cmake_parse_arguments(PARSE_ARGV 1 PLUGIN "" "" "CHECK_ARGUMENTS")
  add_library(${name} MODULE ${PLUGIN_UNPARSED_ARGUMENTS})
  tuner_plugin_flags(${name})
  set_target_properties(${name} PROPERTIES PREFIX "" SUFFIX ".so")
  set(exports ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/plugin_exports.map)
  target_link_options(${name} PRIVATE -Wl,--version-script=${exports})
  set_property(TARGET ${name} APPEND PROPERTY LINK_DEPENDS ${exports})
  # A sanitizer's run time is resolved in the program that loads the plugin.
  if(NOT TUNER_SANITIZE)
    target_link_options(${name} PRIVATE -Wl,-z,defs)
  endif()
  if(TUNER_PROGRAM AND (TUNER_CHECK_PLUGINS OR NOT DEFINED TUNER_CHECK_PLUGINS))
    add_test(NAME plugins.check.${name}
      COMMAND ${TUNER_PROGRAM} plugins check $<TARGET_FILE:${name}> ${PLUGIN_CHECK_ARGUMENTS})
    set_tests_properties(plugins.check.${name} PROPERTIES LABELS conformance TIMEOUT 900)
  endif()
endfunction()

# How plugins are compiled: tuner_add_plugin does so, and tuner_plugin_part(NAME SOURCE...) makes a static library of what
# several plugins share.
function(tuner_plugin_flags name)
  set_target_properties(${name} PROPERTIES
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    CXX_STANDARD 20 CXX_STANDARD_REQUIRED ON CXX_EXTENSIONS OFF)
  target_compile_options(${name} PRIVATE -fno-math-errno -fno-trapping-math -ffp-contract=off)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${name} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-fno-gnu-unique>)
  endif()
  # A sanitizer's build is not for speed, and one for a debugger (CMAKE_BUILD_TYPE=Debug) is not optimized at all.
  if(TUNER_SANITIZE)
    target_compile_options(${name} PRIVATE -O1)
  else()
    target_compile_options(${name} PRIVATE $<$<NOT:$<CONFIG:Debug>>:-O3>)
  endif()
  # A C++ library has libm of itself; one in C uses exp and sqrt as well.
  target_link_libraries(${name} PRIVATE tuner::sdk m)
endfunction()

function(tuner_plugin_part name)
  add_library(${name} STATIC ${ARGN})
  tuner_plugin_flags(${name})
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
endfunction()
