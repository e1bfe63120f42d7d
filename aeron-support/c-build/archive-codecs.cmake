# Takes the place of Aeron's Gradle wrapper, which Aeron's C build calls with `-Dcodec.target.dir=DIR
# :aeron-archive:generateCCodecs`: copies the archive's C codecs, generated when this crate was packaged, to DIR. Does nothing
# at any other call (the jars).
math(EXPR last "${CMAKE_ARGC} - 1")
foreach (index RANGE ${last})
    if ("${CMAKE_ARGV${index}}" MATCHES "^-Dcodec\\.target\\.dir=(.+)$")
        file(COPY "${CMAKE_CURRENT_LIST_DIR}/generated/" DESTINATION "${CMAKE_MATCH_1}")
    endif ()
endforeach ()
