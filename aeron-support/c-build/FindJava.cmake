# Takes the place of CMake's own module of this name in Aeron's C build, which requires Java 17 although only Gradle would run
# it, and archive-codecs.cmake stands in for that.
set(Java_FOUND TRUE)
