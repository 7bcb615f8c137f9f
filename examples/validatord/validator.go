package main

import "fmt"

// validator returns what is wrong with an artifact, in words for the model; nil when it is accepted.
type validator func(artifact map[string]any) error

// FillValidator accepts {"fills": [{"candidate_id": …}, …]} whose candidates are on the roster, active, and named once.
// It is what keeps phantom workers, whom the model made up, out of accepted fills.
func FillValidator(workers WorkerLookup) validator {
	return func(artifact map[string]any) error {
		fills, _ := artifact["fills"].([]any)
		if len(fills) == 0 {
			return fmt.Errorf(`expected {"fills": [{"candidate_id": …}, …]} with at least one`)
		}
		named := map[string]bool{}
		for i, item := range fills {
			fill, _ := item.(map[string]any)
			id, _ := fill["candidate_id"].(string)
			found, known := workers.Find(id)
			switch {
			case id == "":
				return fmt.Errorf("fills[%d].candidate_id is required", i)
			case !known:
				return fmt.Errorf("fills[%d].candidate_id %q is not on the roster", i, id)
			case !found.Active:
				return fmt.Errorf("fills[%d].candidate_id %q is not active", i, id)
			case named[id]:
				return fmt.Errorf("fills[%d].candidate_id %q is named twice", i, id)
			}
			named[id] = true
		}
		return nil
	}
}

// anyObject accepts any object.
func anyObject(map[string]any) error { return nil }
