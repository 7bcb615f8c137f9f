package sessionlog

import (
	"context"
	"net/http"
	"regexp"
	"strings"

	"google.golang.org/grpc/metadata"
)

const (
	traceIDKey     = "x-lakehouse-trace-id"
	traceparentKey = "traceparent"
)

// traceparent is version "-" trace-id "-" parent-id "-" flags, and more behind another "-" from version 01 on.
// https://www.w3.org/TR/trace-context/#traceparent-header-field-values
var traceparent = regexp.MustCompile(`^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$`)

// TraceIDFromHeader is the trace id of an incoming HTTP request: X-Lakehouse-Trace-Id, else that of traceparent. A value
// that is no valid id is passed over; empty when nothing is left.
func TraceIDFromHeader(header http.Header) string {
	return traceIDFrom(header.Values(traceIDKey), header.Values(traceparentKey))
}

// TraceIDFromMetadata is the same of a gRPC call's metadata.
func TraceIDFromMetadata(md metadata.MD) string {
	return traceIDFrom(md.Get(traceIDKey), md.Get(traceparentKey))
}

// TraceIDFromContext is the same of the incoming gRPC call whose context it is.
func TraceIDFromContext(ctx context.Context) string {
	md, _ := metadata.FromIncomingContext(ctx)
	return TraceIDFromMetadata(md)
}

func traceIDFrom(ids, traceparents []string) string {
	for _, id := range ids {
		if isSessionID(id) {
			return id
		}
	}
	for _, text := range traceparents {
		if id := parseTraceparent(text); id != "" {
			return id
		}
	}
	return ""
}

func parseTraceparent(text string) string {
	match := traceparent.FindStringSubmatch(text)
	if match == nil {
		return ""
	}
	version, traceID, parentID, rest := match[1], match[2], match[3], match[4]
	if version == "ff" || version == "00" && rest != "" || allZeros(traceID) || allZeros(parentID) {
		return ""
	}
	return traceID
}

func allZeros(text string) bool { return strings.Trim(text, "0") == "" }

func isSessionID(text string) bool {
	if text == "" || len(text) > sessionIdLengthMax {
		return false
	}
	for _, r := range text {
		if !isNameByte(r) && r != ':' {
			return false
		}
	}
	return true
}
