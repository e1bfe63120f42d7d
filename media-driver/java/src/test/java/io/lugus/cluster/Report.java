package io.lugus.cluster;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.lugus.order.entry.ExecType;
import io.lugus.order.entry.LiquidityIndicator;
import io.lugus.order.entry.OrderStatus;
import io.lugus.order.entry.OrderType;
import io.lugus.order.entry.RejectReason;
import io.lugus.order.entry.Side;
import io.lugus.order.entry.TimeInForce;
import java.util.Map;
import java.util.Set;

/** An event, numbered in its scope (participant, instrument). Fields are named as in {@code lugus watch --json}. */
record Report(long participant, long instrument, long eventSequence, long clientSequence, long time, Body body) {
    /** Kind of the event. */
    sealed interface Body {
        /** Name of the kind in JSON. */
        String kind();
    }

    /** An execution report of an order. */
    record Execution(
        ExecType execType,
        OrderStatus orderStatus,
        long orderId,
        long clientOrderId,
        long origClientOrderId,
        long tradeId,
        Side side,
        OrderType orderType,
        TimeInForce timeInForce,
        Long price,
        long quantity,
        Long lastPrice,
        long lastQuantity,
        long leavesQuantity,
        long cumQuantity,
        LiquidityIndicator liquidity,
        RejectReason reason) implements Body {
        @Override
        public String kind() {
            return "execution";
        }
    }

    /** A cancel or a replacement was rejected. */
    record CancelReject(long origClientOrderId, long clientOrderId, RejectReason reason, OrderStatus orderStatus)
            implements Body {
        @Override
        public String kind() {
            return "cancel_reject";
        }
    }

    /** A mass cancel was done. */
    record MassCancel(long target, long affected) implements Body {
        @Override
        public String kind() {
            return "mass_cancel";
        }
    }

    /** Another command was rejected. */
    record Reject(CommandKind command, RejectReason reason) implements Body {
        @Override
        public String kind() {
            return "reject";
        }
    }

    /** Kinds of commands, in the order of their template ids, which start at 1. */
    enum CommandKind {
        NEW, CANCEL, REPLACE, MASS_CANCEL, DEFINE_INSTRUMENT, SET_INSTRUMENT_STATE, SET_RISK_LIMITS, SET_KILL_SWITCH;

        static CommandKind of(final int templateId) {
            return values()[templateId - 1];
        }
    }

    /** The same event without the time of the log, which no test can know. */
    Report timeless() {
        return new Report(participant, instrument, eventSequence, clientSequence, 0, body);
    }

    /** Fields of an execution that are left out in JSON when they are 0, NONE or null. */
    private static final Set<String> LEFT_OUT_BY_DEFAULT = Set.of(
        "order_id", "orig_client_order_id", "trade_id", "price", "last_price", "last_quantity", "liquidity", "reason");

    private static boolean isDefault(final Map.Entry<String, JsonElement> field) {
        final JsonElement value = field.getValue();
        return LEFT_OUT_BY_DEFAULT.contains(field.getKey())
            && (value.isJsonNull() || "0".equals(value.getAsString()) && value.getAsJsonPrimitive().isNumber()
                && !field.getKey().endsWith("price") || "NONE".equals(value.getAsString()));
    }

    /** The event as the client in Rust prints it. */
    JsonElement toJson() {
        final JsonObject fields = Json.GSON.toJsonTree(body).getAsJsonObject();
        if (body instanceof Execution) {
            fields.entrySet().removeIf(Report::isDefault);
        }
        final JsonObject what = new JsonObject();
        what.add(body.kind(), fields);
        final JsonObject json = new JsonObject();
        json.addProperty("participant", participant);
        json.addProperty("instrument", instrument);
        json.addProperty("event_sequence", eventSequence);
        json.addProperty("client_sequence", clientSequence);
        json.addProperty("time", time);
        json.add("body", what);
        return json;
    }
}
