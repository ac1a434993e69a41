# SPDX-License-Identifier: Apache-2.0
# How a target of ours is compiled: warnings, hardening, sanitizers; and the few shapes of target.
include(CheckCCompilerFlag)
include(CheckLinkerFlag)

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
include(CheckPIESupported)
check_pie_supported()

add_library(jeton_flags INTERFACE)
target_include_directories(jeton_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_definitions(jeton_flags INTERFACE _GNU_SOURCE OPENSSL_API_COMPAT=30000)
target_compile_options(jeton_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes
  -Wmissing-prototypes -Wformat=2 -Wcast-qual -Wwrite-strings -Wundef -Wvla
  -Wimplicit-fallthrough -Wnull-dereference "-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=")

function(jeton_try_flag flag)
  string(MAKE_C_IDENTIFIER "HAVE_FLAG_${flag}" name)
  check_c_compiler_flag(${flag} ${name})
  if(${name})
    target_compile_options(jeton_flags INTERFACE ${flag})
  endif()
endfunction()
function(jeton_try_link flag)
  string(MAKE_C_IDENTIFIER "HAVE_LINK_${flag}" name)
  check_linker_flag(C ${flag} ${name})
  if(${name})
    target_link_options(jeton_flags INTERFACE ${flag})
  endif()
endfunction()

# OpenSSF hardening set, each probed: compilers differ in what they know. -O2, and what nobody calls
# left out: -O3 makes libjeton a sixth larger and no faster.
if(CMAKE_BUILD_TYPE MATCHES "Rel" AND NOT JETON_SANITIZE)
  target_compile_options(jeton_flags INTERFACE -O2 -ffunction-sections -fdata-sections)
  jeton_try_link(-Wl,--gc-sections)
  target_compile_options(jeton_flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
  foreach(flag -fstack-clash-protection -fstack-protector-strong -fcf-protection=full
               -fno-delete-null-pointer-checks -fno-strict-overflow -fno-strict-aliasing
               -ftrivial-auto-var-init=zero -Werror=format-security -Werror=implicit
               -Werror=incompatible-pointer-types -Werror=int-conversion)
    jeton_try_flag(${flag})
  endforeach()
  foreach(flag -Wl,-z,noexecstack -Wl,-z,relro -Wl,-z,now -Wl,--as-needed
               -Wl,--no-copy-dt-needed-entries)
    jeton_try_link(${flag})
  endforeach()
endif()

if(JETON_SANITIZE)
  target_compile_options(jeton_flags INTERFACE
    -fsanitize=${JETON_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(jeton_flags INTERFACE -fsanitize=${JETON_SANITIZE})
endif()

# A room: jeton_room(NAME SOURCES a.c b.c LINK public libraries)
function(jeton_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;LINK" ${ARGN})
  add_library(${name} STATIC ${ROOM_SOURCES})
  target_link_libraries(${name} PUBLIC jeton_flags ${ROOM_LINK})
endfunction()

# A program that is installed to bin/ or sbin/: jeton_program(NAME DIR COMPONENT ... SOURCES ... LINK ...)
function(jeton_program name dir)
  cmake_parse_arguments(PROGRAM "" "COMPONENT" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${PROGRAM_SOURCES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
  target_link_libraries(${name} PRIVATE jeton_flags ${PROGRAM_LINK})
  install(TARGETS ${name} RUNTIME DESTINATION ${dir} COMPONENT ${PROGRAM_COMPONENT})
endfunction()

# One unit test program through a module's header: jeton_unit_test(test_buf LINK jt_base)
function(jeton_unit_test name)
  cmake_parse_arguments(TEST "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${name}.c ${TEST_SOURCES})
  target_link_libraries(${name} PRIVATE jeton_flags ${TEST_LINK} PkgConfig::cmocka)
  add_test(NAME unit.${name} COMMAND ${name})
  set_tests_properties(unit.${name} PROPERTIES TIMEOUT 120 LABELS unit SKIP_RETURN_CODE 77)
endfunction()
