package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// replyBytesMax bounds what is read of a model's reply.
const replyBytesMax = 4 << 20

// message is one turn of a conversation, as POST /v1/chat/completions has it.
type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// model is an endpoint that completes chats.
type model struct {
	url, name string
	client    *http.Client
}

func newModel(url, name string, timeout time.Duration) *model {
	return &model{url: strings.TrimSuffix(url, "/") + "/v1/chat/completions", name: name, client: &http.Client{Timeout: timeout}}
}

// complete returns the model's answer. An error means that there is none: it is one of the infrastructure.
func (m *model) complete(ctx context.Context, traceID string, messages []message) (string, error) {
	body, err := json.Marshal(map[string]any{"model": m.name, "messages": messages, "stream": false})
	if err != nil {
		return "", err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, m.url, bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Lakehouse-Trace-Id", traceID)
	response, err := m.client.Do(request)
	if err != nil {
		return "", fmt.Errorf("chat: %w", err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, replyBytesMax))
	if err != nil {
		return "", fmt.Errorf("chat: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("chat: %s: %s", response.Status, strings.TrimSpace(string(text)))
	}
	var reply struct{ Choices []struct{ Message message } }
	if err := json.Unmarshal(text, &reply); err != nil {
		return "", fmt.Errorf("chat: %w", err)
	}
	if len(reply.Choices) == 0 {
		return "", errors.New("chat: no choices")
	}
	return reply.Choices[0].Message.Content, nil
}

// searchedBytesMax bounds what findObject reads: after a brace that opens no object it starts again at the next one.
const searchedBytesMax = 2 * replyBytesMax

// findObject returns the first JSON object in a text, which models often wrap in words and fences; nil when there is none.
func findObject(text string) map[string]any {
	for searched := 0; searched < searchedBytesMax; {
		start := strings.IndexByte(text, '{')
		if start < 0 {
			return nil
		}
		text = text[start:]
		source := strings.NewReader(text)
		var object map[string]any
		if json.NewDecoder(source).Decode(&object) == nil {
			return object
		}
		searched += len(text) - source.Len()
		text = text[1:]
	}
	return nil
}
