package io.lugus.cluster;

import com.google.gson.JsonObject;
import java.util.List;

/** The answer of {@code lugus status --json}. */
record ClusterStatus(List<Member> members, Boolean hashesEqual) {
    /** One member. A value that is not known is null. */
    record Member(
        int cluster,
        int id,
        String role,
        Long term,
        Long commitPosition,
        String stateHash,
        Long stateHashPosition,
        Long sessions,
        Long elections,
        Long refusedMessages) {
    }

    static ClusterStatus of(final JsonObject json) {
        return Json.GSON.fromJson(json, ClusterStatus.class);
    }

    /** Whether one member leads, the others follow, and all have applied the same log and have the same state. */
    boolean isWhole() {
        final long leaders = members.stream().filter(member -> "leader".equals(member.role)).count();
        final long followers = members.stream().filter(member -> "follower".equals(member.role)).count();
        return 1 == leaders && members.size() == leaders + followers && Boolean.TRUE.equals(hashesEqual);
    }

    /** Number of the leader; -1 when there is none. */
    int leader() {
        return members.stream().filter(member -> "leader".equals(member.role)).mapToInt(Member::id).findFirst().orElse(-1);
    }

    List<Integer> followers() {
        return members.stream().filter(member -> "follower".equals(member.role)).map(Member::id).toList();
    }

    Member member(final int id) {
        return members.stream().filter(member -> id == member.id).findFirst().orElseThrow();
    }
}
