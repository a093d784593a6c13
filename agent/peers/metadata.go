package peers

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
)

// metadataLimit is for task and instance metadata together. Both answer in milliseconds where they exist.
const metadataLimit = time.Second

// metadataMost bounds an answer; the metadata of a container is a few kilobytes.
const metadataMost = 1 << 20

// IMDS is satisfied by *imds.Client, which speaks version 2.
type IMDS interface {
	GetMetadata(context.Context, *imds.GetMetadataInput, ...func(*imds.Options)) (*imds.GetMetadataOutput, error)
}

// fromMetadata asks ECS, then EC2; the zero address when neither knows.
func (w Where) fromMetadata(ctx context.Context) (addr netip.Addr, source string) {
	ctx, cancel := context.WithTimeout(ctx, metadataLimit)
	defer cancel()
	onInstance := w.EC2
	if w.TaskMetadataURI != "" {
		networks := w.taskNetworks(ctx)
		if addr := taskAddress(networks); addr.IsValid() {
			return addr, "task metadata"
		}
		// host and bridge exist only on instances. Not known to be one of them, the instance's address may be another's.
		onInstance = slices.ContainsFunc(networks, func(n network) bool { return n.NetworkMode == "host" || n.NetworkMode == "bridge" })
	}
	if onInstance && w.IMDS != nil {
		return w.instanceAddress(ctx), "instance metadata"
	}
	return netip.Addr{}, ""
}

// network is what the metadata says of a container's network:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4-response.html
type network struct {
	NetworkMode   string
	IPv4Addresses []netip.Addr
	IPv6Addresses []netip.Addr
}

// metadataPause is between questions to the task metadata, which is throttled to 40 a second for the instance
// (ECS_TASK_METADATA_RPS_LIMIT in the ECS agent's README).
const metadataPause = 100 * time.Millisecond

// taskNetworks are those of this container, nil when nobody says.
func (w Where) taskNetworks(ctx context.Context) []network {
	var container struct{ Networks []network }
	askTask(ctx, w.HTTP, w.TaskMetadataURI, &container)
	return container.Networks
}

// TaskID asks the task metadata at uri (ECS_CONTAINER_METADATA_URI_V4), for at most a second, for the id of this ECS task:
// the last part of its ARN. It is "" when nobody says. client must not use a proxy.
func TaskID(ctx context.Context, client *http.Client, uri string) string {
	ctx, cancel := context.WithTimeout(ctx, metadataLimit)
	defer cancel()
	var task struct{ TaskARN string }
	askTask(ctx, client, uri+"/task", &task)
	return task.TaskARN[strings.LastIndexByte(task.TaskARN, '/')+1:]
}

// askTask asks until there is an answer, which goes into answer, or ctx ends.
func askTask(ctx context.Context, client *http.Client, uri string, answer any) {
	for ctx.Err() == nil && !askOnce(ctx, client, uri, answer) {
		pause(ctx, metadataPause)
	}
}

func askOnce(ctx context.Context, client *http.Client, uri string, into any) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, uri, nil)
	if err != nil {
		return false
	}
	answer, err := client.Do(request)
	if err != nil {
		return false
	}
	defer func() { _ = answer.Body.Close() }()
	return answer.StatusCode == http.StatusOK && json.NewDecoder(io.LimitReader(answer.Body, metadataMost)).Decode(into) == nil
}

// taskAddress is the address of the task's own network interface.
func taskAddress(networks []network) netip.Addr {
	for _, n := range networks {
		if addrs := append(n.IPv4Addresses, n.IPv6Addresses...); n.NetworkMode == "awsvpc" && len(addrs) > 0 {
			return addrs[0]
		}
	}
	return netip.Addr{}
}

func (w Where) instanceAddress(ctx context.Context) netip.Addr {
	answer, err := w.IMDS.GetMetadata(ctx, &imds.GetMetadataInput{Path: "local-ipv4"})
	if err != nil {
		return netip.Addr{}
	}
	defer func() { _ = answer.Content.Close() }()
	text, err := io.ReadAll(io.LimitReader(answer.Content, metadataMost))
	if err != nil {
		return netip.Addr{}
	}
	addr, _ := netip.ParseAddr(strings.TrimSpace(string(text)))
	return addr
}
