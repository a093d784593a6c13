package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/pflag"

	"neo4j-agent/agent/peers"
	"neo4j-agent/agent/settings"
)

type peersCommand struct{ Wait, JSON bool }

func (c *peersCommand) flags(f *pflag.FlagSet) {
	f.BoolVar(&c.Wait, "wait", false, "Wait until there are enough members, as prepare does.")
	f.BoolVar(&c.JSON, "json", false, "Print a JSON array.")
}

// peerLine is one member as `peers --json` prints it.
type peerLine struct {
	Address  string `json:"address"`
	Health   string `json:"health"`
	Own      bool   `json:"own,omitempty"`
	Instance string `json:"instance,omitempty"`
}

// Run prints the members, healthy ones first, one a line.
func (c peersCommand) Run(out output) error {
	return inspect("peers", out, c.find)
}

func (c peersCommand) find(ctx context.Context, p *preparation) error {
	if p.settings.Discovery == settings.DiscoveryNone {
		return withCode(exitConfig, errors.New("cannot look for members: neither CLOUDMAP_SERVICE_ID nor AGENT_DISCOVERY is set"))
	}
	if err := inTurn(ctx, p.readHome, p.findAddress); err != nil {
		return err
	}
	found, err := p.look(ctx, c.Wait)
	if err != nil {
		return memberErrors(err)
	}
	return c.print(p.out, found)
}

func (c peersCommand) print(out io.Writer, found []peers.Member) error {
	lines := make([]peerLine, 0, len(found))
	for _, m := range found {
		lines = append(lines, peerLine{Address: m.String(), Health: m.Health.String(), Own: m.Own, Instance: m.InstanceID})
	}
	if c.JSON {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(lines)
	}
	for _, line := range lines {
		own := ""
		if line.Own {
			own = "\town"
		}
		if _, err := fmt.Fprintf(out, "%s\t%s%s\n", line.Address, line.Health, own); err != nil {
			return err
		}
	}
	return nil
}
