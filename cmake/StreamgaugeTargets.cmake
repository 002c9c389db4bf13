# SPDX-License-Identifier: GPL-3.0-or-later
# One function for each kind of target, so that flags, warnings and precompiled headers are said once.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # The sloppiness is what ccache asks for when precompiled headers are used; relative paths let one clone of the tree
  # use what another has compiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE_PROGRAM})
endif()

find_program(MOLD_PROGRAM mold)
if(MOLD_PROGRAM)
  add_link_options(-fuse-ld=mold)
endif()

find_package(Threads REQUIRED)

if(STREAMGAUGE_SANITIZE)
  set(optimises 1)  # the sanitizers' presets are debug builds with -O1
else()
  set(optimises "$<NOT:$<CONFIG:Debug>>")
endif()

add_library(streamgauge_flags INTERFACE)
target_include_directories(streamgauge_flags INTERFACE "${CMAKE_SOURCE_DIR}/backend" "${CMAKE_SOURCE_DIR}/app")
target_link_libraries(streamgauge_flags INTERFACE Threads::Threads)
target_compile_options(streamgauge_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast -Woverloaded-virtual
  -Wnon-virtual-dtor -Wimplicit-fallthrough -fno-omit-frame-pointer
  $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>
  # GCC 12 takes joined strings for copies beyond their short buffer when it optimises (PR 105329, PR 105651).
  "$<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>,${optimises}>:-Wno-array-bounds;-Wno-restrict;-Wno-stringop-overflow;-Wno-stringop-overread>"
  $<$<BOOL:${STREAMGAUGE_WARNINGS_AS_ERRORS}>:-Werror>)
target_compile_definitions(streamgauge_flags INTERFACE
  STREAMGAUGE_VERSION="${PROJECT_VERSION}"
  QT_NO_CAST_FROM_ASCII QT_NO_CAST_TO_ASCII QT_NO_FOREACH QT_NO_KEYWORDS QT_NO_CONTEXTLESS_CONNECT
  QT_NO_NARROWING_CONVERSIONS_IN_CONNECT QT_USE_QSTRINGBUILDER
  $<$<CONFIG:Debug>:_GLIBCXX_ASSERTIONS>)
if(STREAMGAUGE_SANITIZE)
  target_compile_options(streamgauge_flags INTERFACE -fsanitize=${STREAMGAUGE_SANITIZE} -fno-sanitize-recover=all
    # What a sanitizer adds hides from GCC which variables are set; its manual says so.
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  target_link_options(streamgauge_flags INTERFACE -fsanitize=${STREAMGAUGE_SANITIZE})
endif()

if(STREAMGAUGE_TIDY)
  find_program(CLANG_TIDY_PROGRAM NAMES clang-tidy-14 clang-tidy REQUIRED)
  set(CMAKE_CXX_CLANG_TIDY "${CLANG_TIDY_PROGRAM};--quiet;--warnings-as-errors=*")
endif()

# streamgauge_library(name SOURCES a.cpp ... DEPENDS target ... [PRIVATE_DEPENDS target ...] [SYSTEM_HEADERS <header> ...])
# A static library. Without SOURCES it is header-only. SYSTEM_HEADERS are precompiled beside the common standard ones.
function(streamgauge_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS;PRIVATE_DEPENDS;SYSTEM_HEADERS" ${ARGN})
  if(arg_SOURCES)
    add_library(${name} STATIC ${arg_SOURCES})
    target_link_libraries(${name} PUBLIC streamgauge_flags ${arg_DEPENDS} PRIVATE ${arg_PRIVATE_DEPENDS})
    if(NOT STREAMGAUGE_TIDY)
      target_precompile_headers(${name} PRIVATE <algorithm> <chrono> <cstdint> <functional> <memory> <optional> <string>
                                <string_view> <unordered_map> <variant> <vector> ${arg_SYSTEM_HEADERS})
    endif()
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE streamgauge_flags ${arg_DEPENDS})
  endif()
endfunction()

# streamgauge_program(name SOURCES main.cpp ... DEPENDS target ...): an executable in <build>/bin.
function(streamgauge_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE streamgauge_flags ${arg_DEPENDS})
endfunction()

# streamgauge_test(name SOURCES x_test.cpp ... DEPENDS target ... [LABELS l ...] [TIMEOUT seconds] [QT])
# A GoogleTest program registered as one CTest test. QT: it brings its own main() (a Q*Application is needed).
# The timeout (900 s) ends what hangs and says nothing about speed: it is many times what a test takes.
# Labels: unit (default), service, e2e, ui, slow; integrity is never run a second time (scripts/run-tests); quiet needs an otherwise idle machine (make bench runs it, make test not); long takes half an hour (neither does).
function(streamgauge_test name)
  cmake_parse_arguments(arg "QT" "TIMEOUT" "SOURCES;DEPENDS;LABELS" ${ARGN})
  if(NOT STREAMGAUGE_TESTS)
    return()
  endif()
  add_executable(${name} ${arg_SOURCES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
  target_include_directories(${name} PRIVATE "${CMAKE_SOURCE_DIR}/tests")
  target_link_libraries(${name} PRIVATE streamgauge_flags ${arg_DEPENDS} GTest::gmock)
  if(NOT arg_QT)
    target_link_libraries(${name} PRIVATE GTest::gtest_main)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 900)
  endif()
  if(STREAMGAUGE_SANITIZE)
    math(EXPR arg_TIMEOUT "${arg_TIMEOUT} * 5")
  endif()
  if(NOT arg_LABELS)
    set(arg_LABELS unit)
  endif()
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}"
    ENVIRONMENT "QT_QPA_PLATFORM=offscreen;QT_NO_GLIB=1;QT_QUICK_BACKEND=software;STREAMGAUGE_BUILD_BIN=${CMAKE_BINARY_DIR}/bin;STREAMGAUGE_SOURCE=${CMAKE_SOURCE_DIR}")
  list(TRANSFORM arg_SOURCES PREPEND "${CMAKE_CURRENT_SOURCE_DIR}/")
  set_property(GLOBAL APPEND PROPERTY STREAMGAUGE_TEST_SOURCES ${arg_SOURCES})
endfunction()
