# headroom_library(NAME SOURCES... [PUBLIC targets...] [PRIVATE targets...])
#
# One library for one folder, included as "folder/file.h" from the top of the tree.
function(headroom_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(headroom_${name} STATIC ${ARG_SOURCES})
  add_library(headroom::${name} ALIAS headroom_${name})
  target_include_directories(headroom_${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(headroom_${name} PUBLIC ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
endfunction()

# headroom_test(NAME SOURCES... LIBS...)
#
# One test program for one folder; every TEST is a ctest test of its own.
function(headroom_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_compile_definitions(${name} PRIVATE HEADROOM_TEST_DATA="${PROJECT_SOURCE_DIR}/tests/data")
  target_link_libraries(${name} PRIVATE ${ARG_LIBS} GTest::gmock GTest::gtest_main)
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60)
endfunction()
