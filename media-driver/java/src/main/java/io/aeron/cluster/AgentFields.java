package io.aeron.cluster;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.reflect.Field;

/** Private fields of the pinned version's consensus module. Another version that has others is refused at the start. */
final class AgentFields {
    static final String OTHER_VERSION = "this version of Aeron's consensus module is made otherwise";

    private AgentFields() {
    }

    /** A field that is replaced before the agent runs. */
    static Field field(final Class<?> owner, final String name, final Class<?> type) throws NoSuchFieldException {
        final Field field = owner.getDeclaredField(name);
        if (type != field.getType()) {
            throw new NoSuchFieldException(name + " of " + owner.getSimpleName() + " is a " + field.getType().getName());
        }
        field.setAccessible(true);
        return field;
    }

    /** A field that is read while the agent runs, in its thread. */
    static VarHandle handle(final Class<?> owner, final String name, final Class<?> type) {
        try {
            return MethodHandles.privateLookupIn(owner, MethodHandles.lookup()).findVarHandle(owner, name, type);
        } catch (final ReflectiveOperationException error) {
            throw new IllegalStateException(OTHER_VERSION, error);
        }
    }
}
