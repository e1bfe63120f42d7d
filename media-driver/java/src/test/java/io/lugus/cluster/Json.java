package io.lugus.cluster;

import com.google.gson.FieldNamingPolicy;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.ToNumberPolicy;
import java.util.Map;

/** JSON as the {@code lugus} command writes it. */
final class Json {
    static final Gson GSON = new GsonBuilder()
        .setFieldNamingPolicy(FieldNamingPolicy.LOWER_CASE_WITH_UNDERSCORES)
        .setObjectToNumberStrategy(ToNumberPolicy.LONG_OR_DOUBLE)
        .serializeNulls()
        .create();

    private Json() {
    }

    /** Makes JSON comparable: Gson's own elements compare numbers as floats, which can't tell neighbouring nanoseconds apart. */
    static Map<?, ?> exact(final JsonElement element) {
        return GSON.fromJson(element, Map.class);
    }
}
