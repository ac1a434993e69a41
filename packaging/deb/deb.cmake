# SPDX-License-Identifier: Apache-2.0
# Debian packages out of the components that are installed: jetond (with jeton), jeton-guard, libjeton0 and libjeton-dev. What a
# package of Debian has and an installation has not is added here: configuration, maintainer scripts, copyright and changelogs.
set(deb ${CMAKE_CURRENT_LIST_DIR})
set(made ${CMAKE_CURRENT_BINARY_DIR}/deb)
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME jeton)
set(CPACK_PACKAGE_CONTACT "Jeton maintainers <maintainers@jeton.invalid>" CACHE STRING "Maintainer of the packages")
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_SET_DESTDIR ON) # /etc
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL ${components})
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_PRE_BUILD_SCRIPTS ${deb}/compress.cmake)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ
    GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

set(CPACK_DEBIAN_JETOND_PACKAGE_NAME jetond)
set(CPACK_DEBIAN_JETOND_PACKAGE_SECTION net)
set(CPACK_DEBIAN_JETOND_PACKAGE_DEPENDS "adduser")
set(CPACK_COMPONENT_JETOND_DESCRIPTION "issuer of access tokens for machines, and its command line
A service asks jetond for a token for one API and gets a short-lived JWT,
signed by a key that rotates by itself; the API verifies it offline with
libjeton or jeton-guard.")
set(CPACK_DEBIAN_JETOND_PACKAGE_CONTROL_EXTRA
    ${deb}/jetond/conffiles ${deb}/jetond/postinst ${deb}/jetond/prerm ${deb}/jetond/postrm)
set(CPACK_DEBIAN_JETON-GUARD_PACKAGE_NAME jeton-guard)
set(CPACK_DEBIAN_JETON-GUARD_PACKAGE_SECTION net)
set(CPACK_COMPONENT_JETON-GUARD_DESCRIPTION "sidecar that judges access tokens for a proxy
nginx, HAProxy, Caddy, Traefik or Envoy asks it about each request; it
verifies the bearer token by rules per host, path and method, and never
fetches anything while it answers.")
set(CPACK_DEBIAN_JETON-GUARD_PACKAGE_CONTROL_EXTRA
    ${deb}/jeton-guard/postinst ${deb}/jeton-guard/prerm ${deb}/jeton-guard/postrm)
set(CPACK_DEBIAN_LIBJETON_PACKAGE_NAME libjeton0)
set(CPACK_DEBIAN_LIBJETON_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_LIBJETON_PACKAGE_SUGGESTS python3)
set(CPACK_COMPONENT_LIBJETON_DESCRIPTION "verifier of access tokens
Verifies JWT access tokens of one or more issuers offline: key sets are
fetched and kept in the background. With a module for Python by ctypes, in
/usr/share/jeton/python.")
set(CPACK_DEBIAN_LIBJETON_PACKAGE_CONTROL_EXTRA ${made}/shlibs ${deb}/libjeton/triggers)
set(CPACK_DEBIAN_LIBJETON-DEV_PACKAGE_NAME libjeton-dev)
set(CPACK_DEBIAN_LIBJETON-DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_LIBJETON-DEV_PACKAGE_DEPENDS "libjeton0 (= ${PROJECT_VERSION}-1)")
set(CPACK_DEBIAN_LIBJETON-DEV_PACKAGE_SUGGESTS
    "libssl-dev, libjansson-dev, libsodium-dev, libcurl4-openssl-dev") # for libjeton.a
set(CPACK_COMPONENT_LIBJETON-DEV_DESCRIPTION "verifier of access tokens, for those who build with it
Headers, the static library, pkg-config's and CMake's files, and libjeton(3).")

string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC) # of SOURCE_DATE_EPOCH, where that is set
configure_file(${deb}/changelog.Debian.in ${made}/changelog.Debian @ONLY)
configure_file(${CMAKE_SOURCE_DIR}/CHANGELOG.md ${made}/changelog COPYONLY)
file(WRITE ${made}/shlibs "libjeton 0 libjeton0 (>= ${PROJECT_VERSION})\n")
foreach(component ${components})
  string(TOUPPER ${component} upper)
  install(FILES ${made}/changelog ${made}/changelog.Debian ${deb}/copyright
          DESTINATION share/doc/${CPACK_DEBIAN_${upper}_PACKAGE_NAME} COMPONENT ${component})
endforeach()
if(JETON_ISSUER)
  install(FILES ${deb}/jetond/jetond.yaml DESTINATION /etc/jeton COMPONENT jetond)
endif()
if(JETON_GUARD)
  install(FILES ${deb}/jeton-guard/guard.yaml DESTINATION share/doc/jeton-guard/examples
          COMPONENT jeton-guard)
endif()
# the first line of each description is its package's summary, with nothing before it
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${CMAKE_PROJECT_NAME} built using CMake") # CPack's word for none
include(CPack)
