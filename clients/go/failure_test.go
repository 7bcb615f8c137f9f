package sessionlog

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestActionAfter(t *testing.T) {
	text, err := os.ReadFile("../cases/failures.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Status    string
		RetryInfo bool   `json:"retry_info"`
		OneRow    string `json:"one_row"`
		ManyRows  string `json:"many_rows"`
	}
	if err := json.Unmarshal(text, &cases); err != nil || len(cases) == 0 {
		t.Fatalf("%d cases: %v", len(cases), err)
	}
	actions := map[string]action{"retry": retry, "split": split, "give_up": giveUp, "spill": spill, "wait_for_credentials": waitForCredentials}
	for _, test := range cases {
		failed := codes.Code(code.Code_value[test.Status])
		err, asks := status.Error(failed, "failed"), time.Duration(0)
		if test.RetryInfo {
			asks = time.Second
			err = retryAfter(failed, asks)
		}
		for rows, name := range map[int]string{1: test.OneRow, 2: test.ManyRows, 500: test.ManyRows} {
			want, known := actions[name]
			if got, asked := actionAfter(err, rows); got != want || asked != asks || !known || failed == codes.OK {
				t.Errorf("%s with %d rows: %v after %v, want %s", test.Status, rows, got, asked, name)
			}
		}
	}
}
