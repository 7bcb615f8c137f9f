// Package scriptedmodel is a model endpoint for tests and demonstrations that answers from a script.
package scriptedmodel

import (
	"encoding/json"
	"net/http"
	"strings"
)

// Script is a list of scenes, of which the first that matches a conversation is used.
type Script []Scene

// Scene is what the model says to a prompt.
type Scene struct {
	// Prompt is what the user's first message has to contain; empty matches all.
	Prompt string `json:"prompt"`
	// Replies are given one after the other, then the last one again; the conversation's length decides which.
	Replies []Reply `json:"replies"`
}

// Reply is a text or a failure.
type Reply struct {
	Text   string `json:"text"`
	Status int    `json:"status"` // an HTTP status in place of the text; 0: 200
}

type chat struct {
	Model    string `json:"model"`
	Messages []turn `json:"messages"`
}

type turn struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// Handler serves POST /v1/chat/completions. It keeps no state.
func Handler(script Script) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/chat/completions", func(w http.ResponseWriter, r *http.Request) {
		var request chat
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		reply, found := script.replyTo(request.Messages)
		switch {
		case !found:
			http.Error(w, "the script has no scene for this", http.StatusNotFound)
		case reply.Status != 0 && reply.Status != http.StatusOK:
			http.Error(w, reply.Text, reply.Status)
		default:
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(map[string]any{
				"object": "chat.completion", "model": request.Model,
				"choices": []any{map[string]any{
					"index": 0, "finish_reason": "stop", "message": turn{Role: "assistant", Content: reply.Text},
				}},
			})
		}
	})
	return mux
}

func (s Script) replyTo(messages []turn) (Reply, bool) {
	prompt, said := "", 0
	for _, message := range messages {
		switch {
		case message.Role == "assistant":
			said++
		case message.Role == "user" && prompt == "":
			prompt = message.Content
		}
	}
	for _, scene := range s {
		if strings.Contains(prompt, scene.Prompt) && len(scene.Replies) > 0 {
			return scene.Replies[min(said, len(scene.Replies)-1)], true
		}
	}
	return Reply{}, false
}
