// health reads Kubernetes objects, one JSON value after the other, and prints for each what GitOps tools make of it, by their
// own code: {"kstatus": {"status": "Current", "message": "…"}, "argocd": {"status": "Healthy", "message": "…"}}.
//
// usage: health [folder of Argo CD health checks, <group>/<kind>/health.lua]
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

type verdict struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

type verdicts struct {
	Kstatus verdict  `json:"kstatus"`
	ArgoCD  *verdict `json:"argocd,omitempty"`
}

func main() {
	checks := ""
	if len(os.Args) > 1 {
		checks = os.Args[1]
	}
	if err := judgeAll(os.Stdin, os.Stdout, checks); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func judgeAll(objects io.Reader, output io.Writer, checks string) error {
	decoder := json.NewDecoder(objects)
	encoder := json.NewEncoder(output)
	for {
		var raw json.RawMessage
		if err := decoder.Decode(&raw); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		// Not into a plain map: kstatus asks for int64 where encoding/json would give float64.
		var object unstructured.Unstructured
		if err := object.UnmarshalJSON(raw); err != nil {
			return err
		}
		result, err := status.Compute(&object)
		if err != nil {
			return err
		}
		found := verdicts{Kstatus: verdict{string(result.Status), result.Message}}
		if checks != "" {
			if found.ArgoCD, err = argoHealth(checks, &object); err != nil {
				return err
			}
		}
		if err := encoder.Encode(found); err != nil {
			return err
		}
	}
}
