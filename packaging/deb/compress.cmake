# SPDX-License-Identifier: Apache-2.0
# Before a package is made of what was installed: manual pages and changelogs are compressed there, without a date.
file(GLOB_RECURSE pages ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/*/usr/share/man/man*/*
     ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/*/usr/share/doc/*/changelog*)
list(FILTER pages EXCLUDE REGEX "[.]gz$")
if(pages)
  execute_process(COMMAND gzip -9n ${pages} COMMAND_ERROR_IS_FATAL ANY)
endif()
