# tuner_embed_templates(OUTPUT): a C++ source that holds the files of this folder as texts, so that the program has them
# wherever it runs. Rewritten when one of them changes.
function(tuner_embed_templates output)
  set(folder ${CMAKE_CURRENT_FUNCTION_LIST_DIR})
  set(text "// Made by tuner/templates/templates.cmake.\n#include \"tuner/templates/templates.hpp\"\n\n")
  string(APPEND text "namespace tuner::templates {\n\nnamespace {\nconstexpr Template kTemplates[] = {\n")
  foreach(name
      CMakeLists.txt README.md library.c objective.c objective.cpp objective.yaml optimizer.c optimizer.cpp
      optimizer.yaml pruner.c pruner.cpp pruner.yaml scheduler.c scheduler.cpp scheduler.yaml searcher.c searcher.cpp searcher.yaml)
    file(READ ${folder}/${name}.in content)
    string(APPEND text "    {\"${name}\", R\"template(${content})template\"},\n")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${folder}/${name}.in)
  endforeach()
  string(APPEND text "};\n}  // namespace\n\nstd::span<const Template> all() { return kTemplates; }\n\n")
  string(APPEND text "}  // namespace tuner::templates\n")
  file(WRITE ${output}.new "${text}")
  file(COPY_FILE ${output}.new ${output} ONLY_IF_DIFFERENT)
endfunction()
