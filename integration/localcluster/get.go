package localcluster

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// getLimit bounds one HTTP request; agents answer within milliseconds.
const getLimit = 5 * time.Second

// get fetches url and returns status code and body.
func get(ctx context.Context, url string) (int, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, getLimit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, nil, fmt.Errorf("cannot ask for %s: %v", url, err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, nil, fmt.Errorf("cannot read the answer of %s: %v", url, err)
	}
	return answer.StatusCode, body, nil
}
