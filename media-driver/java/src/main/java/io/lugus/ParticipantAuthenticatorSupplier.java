package io.lugus;

import io.aeron.security.Authenticator;
import io.aeron.security.AuthenticatorSupplier;
import java.nio.file.Path;

/**
 * Makes the authenticator that {@code [authentication]} of {@code cluster.toml} asks for, from two system properties:
 * {@value #MODE_PROPERTY} and, in mode {@code keys}, {@value #PARTICIPANTS_PROPERTY}.
 */
public final class ParticipantAuthenticatorSupplier implements AuthenticatorSupplier {
    /** {@code open} or {@code keys}. */
    public static final String MODE_PROPERTY = "lugus.authentication.mode";

    /** Path of the file that {@link Participants} reads. */
    public static final String PARTICIPANTS_PROPERTY = "lugus.authentication.participants";

    /** Called by Aeron, which has the name of this class. */
    public ParticipantAuthenticatorSupplier() {
    }

    @Override
    public Authenticator get() {
        final String mode = System.getProperty(MODE_PROPERTY, "");
        return switch (mode) {
            case "open" -> new OpenAuthenticator();
            case "keys" -> new KeysAuthenticator(Participants.load(Path.of(property(PARTICIPANTS_PROPERTY))));
            default -> throw new IllegalStateException(MODE_PROPERTY + " is \"" + mode + "\", must be open or keys");
        };
    }

    private static String property(final String name) {
        final String value = System.getProperty(name);
        if (null == value) {
            throw new IllegalStateException(name + " is not set");
        }
        return value;
    }
}
