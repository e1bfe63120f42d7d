# How Aeron's C code inside the rusteron crates is built: cargo's variable CMAKE_TOOLCHAIN_FILE names this file to CMake.
#
# 1. For any processor of the target's architecture. rusteron asks for -march=native, which makes a program that dies with
#    an illegal instruction on an older machine. Where the variable RUSTERON_C_MARCH is set (native, x86-64-v3, ...), that is
#    asked for instead.
# 2. Without a JDK, where the archive's C codecs stand beside this file (folder `generated`): Aeron's own build calls Gradle
#    for them, which is replaced by a copy.

if ("$ENV{RUSTERON_C_MARCH}" STREQUAL "")
    set(processor "${CMAKE_SYSTEM_PROCESSOR}")
    if (NOT processor)
        # Empty unless it is compiled for another machine.
        set(processor "${CMAKE_HOST_SYSTEM_PROCESSOR}")
    endif ()
    if (processor MATCHES "^(x86_64|amd64|AMD64)$")
        # SSE4.2, POPCNT: every x86-64 server since 2009.
        set(baseline "-march=x86-64-v2")
    elseif (processor MATCHES "^(aarch64|arm64|ARM64)$")
        set(baseline "-march=armv8-a")
    else ()
        # The compiler's own default.
        set(baseline "")
    endif ()
    foreach (flags CMAKE_C_FLAGS_RELEASE CMAKE_CXX_FLAGS_RELEASE)
        string(REPLACE "-march=native" "${baseline}" replaced "${${flags}}")
        set(${flags} "${replaced}" CACHE STRING "Flags of a release build" FORCE)
    endforeach ()
endif ()

if (EXISTS "${CMAKE_CURRENT_LIST_DIR}/generated")
    # FindJava.cmake: Aeron's build asks for a JDK that it then does not use.
    list(PREPEND CMAKE_MODULE_PATH "${CMAKE_CURRENT_LIST_DIR}")
    set(GRADLE_WRAPPER "${CMAKE_COMMAND}" -P "${CMAKE_CURRENT_LIST_DIR}/archive-codecs.cmake" --)
endif ()
