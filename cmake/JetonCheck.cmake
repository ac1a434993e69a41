# SPDX-License-Identifier: Apache-2.0
# `cmake --build BUILD --target check`: what looks at the sources without running them. The two that
# need no tool but a shell are tests as well.
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
  set_tests_properties(check.layering check.layering_self_test check.limits
    PROPERTIES TIMEOUT 120 LABELS check)
endif()
