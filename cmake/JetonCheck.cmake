# SPDX-License-Identifier: Apache-2.0
# `cmake --build BUILD --target check`: what looks at the sources without running them. Those that
# need no tool but a shell and the compiler are tests as well.
add_custom_target(check
  COMMAND ${CMAKE_SOURCE_DIR}/tests/check/check.sh ${CMAKE_BINARY_DIR}
  WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
  COMMENT "clang-format, clang-tidy, cppcheck, layering, limits, shellcheck"
  USES_TERMINAL VERBATIM)

if(BUILD_TESTING)
  add_test(NAME check.layering
    COMMAND ${CMAKE_SOURCE_DIR}/tests/layering.sh ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
  add_test(NAME check.layering_self_test
    COMMAND ${CMAKE_SOURCE_DIR}/tests/layering.sh --self-test)
  add_test(NAME check.limits COMMAND ${CMAKE_SOURCE_DIR}/tests/limits.sh ${CMAKE_SOURCE_DIR})
  add_test(NAME check.dependencies COMMAND ${CMAKE_SOURCE_DIR}/tests/check/dependencies.sh)
  add_test(NAME check.man_libjeton
    COMMAND ${CMAKE_SOURCE_DIR}/tests/check/man_page.sh ${CMAKE_SOURCE_DIR})
  add_test(NAME check.readme_example
    COMMAND ${CMAKE_SOURCE_DIR}/tests/check/readme_example.sh ${CMAKE_SOURCE_DIR})
  set_tests_properties(check.readme_example PROPERTIES ENVIRONMENT "CC=${CMAKE_C_COMPILER}")
  set_tests_properties(check.layering check.layering_self_test check.limits check.dependencies
    check.man_libjeton check.readme_example PROPERTIES TIMEOUT 120 LABELS check)
endif()
