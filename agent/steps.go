package main

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"neo4j-agent/agent/peers"
	"neo4j-agent/agent/settings"
	"neo4j-agent/neo4jconf"
)

// registerLimit bounds entering our own record into Cloud Map. Registration is asynchronous there: RegisterInstance
// gives an operation to poll (https://docs.aws.amazon.com/cloud-map/latest/api/API_RegisterInstance.html).
const registerLimit = 30 * time.Second

// settleLimit is how long a core that could go on with a majority waits for the rest, so that cores which start together
// start with the same list. Members of a whole cluster that started at once registered within 3 s of each other.
const settleLimit = 30 * time.Second

// clustered tells whether this member is to be part of a cluster at all.
func (p *preparation) clustered() bool {
	return p.settings.Discovery != settings.DiscoveryNone && !p.settings.UpgradeMode
}

// findAddress finds the own address where it matters: in a cluster, or when the user gave one.
func (p *preparation) findAddress(ctx context.Context) error {
	if !p.clustered() && p.settings.AdvertisedAddress == "" {
		return nil
	}
	own, err := ownAddress(ctx, p.settings)
	if err != nil {
		return withCode(exitUnavailable, err)
	}
	p.own = own
	p.prepared.Address, p.prepared.Listen = own.Advertised, own.Listen
	p.log.Info().Str("address", own.Advertised).Str("listen", own.Listen).Str("from", own.Source).Msg("own address")
	return nil
}

// findMembers registers this member where that is ours to do, and waits for enough others.
func (p *preparation) findMembers(ctx context.Context) error {
	if !p.clustered() {
		return nil
	}
	if err := p.register(ctx); err != nil {
		return memberErrors(err)
	}
	if err := p.take(ctx, !p.dry); err != nil {
		return err
	}
	if err := p.meet(ctx); err != nil {
		return err
	}
	p.log.Info().Strs("members", p.found).Msg("members found")
	return nil
}

// lookOnce takes the members that are there now, however few.
func (p *preparation) lookOnce(ctx context.Context) error {
	if !p.clustered() {
		return nil
	}
	return p.take(ctx, false)
}

// take looks for the members and keeps what was found.
func (p *preparation) take(ctx context.Context, wait bool) error {
	found, err := p.look(ctx, wait)
	if err != nil {
		return memberErrors(err)
	}
	p.found = hosts(found)
	return nil
}

// look asks for the members, until there are enough when it is told to wait.
func (p *preparation) look(ctx context.Context, wait bool) ([]peers.Member, error) {
	finder, err := newFinder(ctx, p.settings, p.neo4j.intent.Ports.Discovery, p.log)
	if err != nil {
		return nil, err
	}
	own := peers.Member{}
	if p.neo4j.intent.Role == neo4jconf.Core {
		own = p.own.Member(p.ownPort())
	}
	need, enough := p.awaited()
	if !wait {
		found, err := finder.Find(ctx)
		return peers.Gather(found, own, enough), err
	}
	return peers.Wait{
		Finder: finder, Own: own, Need: need, Enough: enough, Timeout: p.settings.DiscoveryTimeout, Settle: settleLimit,
		Progress: p.tellWaiting, Log: p.log,
	}.Run(ctx)
}

// awaited is with how many cores this member goes on, and with how many the unhealthy ones are not needed. A core needs
// the formation size. One that was in a formed cluster needs a majority, itself included: without one there is no
// leader, and the missing ones may be gone for good; for a while it waits for them all the same. A read replica needs two, so that one of them may be wrong.
func (p *preparation) awaited() (need, enough int) {
	formation := p.neo4j.intent.FormationSize
	switch {
	case p.neo4j.intent.Role == neo4jconf.ReadReplica:
		return min(2, formation), min(2, formation)
	case p.prepared.FormedBefore:
		return formation/2 + 1, formation
	}
	return formation, formation
}

// tellWaiting keeps the step up to date with what was found.
func (p *preparation) tellWaiting(found []peers.Member, need int, trouble error) {
	text := fmt.Sprintf("waiting for members: %d of %d found", len(found), need)
	if trouble != nil {
		text += ": " + trouble.Error()
	}
	if text != p.prepared.Step {
		p.tell(text)
	}
}

// register enters this core into Cloud Map, outside ECS, when asked to.
func (p *preparation) register(ctx context.Context) error {
	if !p.settings.RegisterDiscovery || p.neo4j.intent.Role != neo4jconf.Core {
		return nil
	}
	if p.dry {
		p.would("would register %s as instance %s of %s", p.own.Advertised, p.prepared.MemberID, p.settings.CloudMapServiceID)
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, registerLimit)
	defer cancel()
	registration, err := newRegistration(ctx, p.settings, p.prepared.MemberID, p.own.Advertised, p.ownPort())
	if err != nil {
		return err
	}
	return registration.Register(ctx)
}

// ownPort is where this member's discovery listens.
func (p *preparation) ownPort() int { return p.neo4j.intent.Ports.Discovery }

// hosts are the members as neo4j.conf names them: by address where a name stands for one, since Neo4j 3.5 does not find
// members by name when its discovery listens on one address (seen with 3.5.0-beta03 in containers).
func hosts(members []peers.Member) []string {
	list := make([]string, 0, len(members))
	for _, m := range members {
		if len(m.Addrs) > 0 {
			m.Host = m.Addrs[0].String()
		}
		list = append(list, m.String())
	}
	return list
}

// addresses are the found members as host:port each.
func (p *preparation) addresses() []string {
	list := make([]string, 0, len(p.found))
	for _, member := range p.found {
		if _, _, err := net.SplitHostPort(member); err != nil {
			member = net.JoinHostPort(member, strconv.Itoa(p.ownPort()))
		}
		list = append(list, member)
	}
	return list
}
