package peers

import (
	"cmp"
	"context"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery/types"
	"github.com/rs/zerolog"
)

// Limits of the API: https://docs.aws.amazon.com/cloud-map/latest/api/API_ListInstances.html and
// API_DiscoverInstances.html, which has no pages but may give all 1000 that a service can have.
const (
	listPage    = 100
	discoverAll = 1000
)

// Attributes of an instance. AWS_INSTANCE_PORT is not read: ECS writes the container's port there, whichever that is;
// the system replaced never read it either and took discovery to be on its standard port. PortAttribute is ours, and
// only Registration writes it.
const (
	ipv4Attribute = "AWS_INSTANCE_IPV4"
	ipv6Attribute = "AWS_INSTANCE_IPV6"
	portAttribute = "AWS_INSTANCE_PORT"
	PortAttribute = "AGENT_DISCOVERY_PORT"
)

// CloudMapAPI is satisfied by *servicediscovery.Client.
type CloudMapAPI interface {
	Lister
	HealthReader
}

// Lister lists a service's instances.
type Lister interface {
	ListInstances(context.Context, *servicediscovery.ListInstancesInput, ...func(*servicediscovery.Options)) (*servicediscovery.ListInstancesOutput, error)
}

// HealthReader tells the health of a service's instances, which Cloud Map keeps by the names of service and namespace.
type HealthReader interface {
	GetService(context.Context, *servicediscovery.GetServiceInput, ...func(*servicediscovery.Options)) (*servicediscovery.GetServiceOutput, error)
	GetNamespace(context.Context, *servicediscovery.GetNamespaceInput, ...func(*servicediscovery.Options)) (*servicediscovery.GetNamespaceOutput, error)
	DiscoverInstances(context.Context, *servicediscovery.DiscoverInstancesInput, ...func(*servicediscovery.Options)) (*servicediscovery.DiscoverInstancesOutput, error)
}

// cloudMap is one service of Cloud Map. It remembers the names, which cannot change while the service lives.
type cloudMap struct {
	api                 CloudMapAPI
	service             string
	log                 zerolog.Logger
	name, namespace     string
	saidNoHealthBecause string
}

// CloudMap finds the instances of a Cloud Map service, given by id or ARN, with their health where the permissions
// servicediscovery:GetService, GetNamespace and DiscoverInstances are given; without them it says so once in the log
// and finds members of unknown health. Only servicediscovery:ListInstances is needed. Not for concurrent use.
func CloudMap(api CloudMapAPI, serviceID string, log zerolog.Logger) Finder {
	return &cloudMap{api: api, service: serviceID, log: log}
}

func (c *cloudMap) String() string { return "Cloud Map service " + c.service }

func (c *cloudMap) Find(ctx context.Context) ([]Member, error) {
	found, err := c.list(ctx)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	health, err := c.health(ctx)
	if err != nil {
		c.sayNoHealth(err)
		return found, nil
	}
	for i, m := range found {
		said, discovered := health[m.InstanceID]
		if found[i].Health = said; !discovered {
			found[i].Health = Stale
		}
	}
	return found, nil
}

// list reads every page. ListInstances is the truth about who is registered, but knows no health.
func (c *cloudMap) list(ctx context.Context) ([]Member, error) {
	var found []Member
	in := &servicediscovery.ListInstancesInput{ServiceId: &c.service, MaxResults: aws.Int32(listPage)}
	for {
		page, err := call(ctx, "list the instances of "+c.String(), c.api.ListInstances, in)
		if err != nil {
			return nil, err
		}
		for _, instance := range page.Instances {
			if m, ok := member(instance); ok {
				found = append(found, m)
			}
		}
		if in.NextToken = page.NextToken; aws.ToString(page.NextToken) == "" {
			return found, nil
		}
	}
}

// member reads an instance. One without an address (an alias, a CNAME) is no member, nor one with anything else in its
// place: what is found here ends in a configuration file.
func member(instance types.InstanceSummary) (Member, bool) {
	host := cmp.Or(instance.Attributes[ipv4Attribute], instance.Attributes[ipv6Attribute])
	port, err := strconv.ParseUint(instance.Attributes[PortAttribute], 10, 16)
	if err != nil {
		port = 0
	}
	return Member{Host: host, Port: int(port), InstanceID: aws.ToString(instance.Id)}, isHost(host)
}

// health is by instance id. It takes no longer than one call may: members without health are better than none.
func (c *cloudMap) health(ctx context.Context) (map[string]Health, error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	if err := c.learnNames(ctx); err != nil {
		return nil, err
	}
	out, err := call(ctx, "read the health of "+c.String(), c.api.DiscoverInstances, &servicediscovery.DiscoverInstancesInput{
		NamespaceName: &c.namespace, ServiceName: &c.name,
		HealthStatus: types.HealthStatusFilterAll, MaxResults: aws.Int32(discoverAll)})
	if err != nil {
		return nil, err
	}
	health := make(map[string]Health, len(out.Instances))
	for _, instance := range out.Instances {
		health[aws.ToString(instance.InstanceId)] = map[types.HealthStatus]Health{
			types.HealthStatusHealthy: Healthy, types.HealthStatusUnhealthy: Unhealthy, // UNKNOWN: the service has no health check
		}[instance.HealthStatus]
	}
	return health, nil
}

// learnNames asks for the names by id. Never by listing: ListServices and ListNamespaces allow 2 and 0.5 calls a
// second for the whole account (aws/aws-cloud-map-mcs-controller-for-k8s, pkg/common/ratelimiter.go).
func (c *cloudMap) learnNames(ctx context.Context) error {
	if c.namespace != "" {
		return nil
	}
	service, err := call(ctx, "read the name of "+c.String(), c.api.GetService, &servicediscovery.GetServiceInput{Id: &c.service})
	if err != nil {
		return err
	}
	c.name = aws.ToString(service.Service.Name)
	id := service.Service.NamespaceId
	namespace, err := call(ctx, "read the name of namespace "+aws.ToString(id), c.api.GetNamespace, &servicediscovery.GetNamespaceInput{Id: id})
	if err != nil {
		return err
	}
	c.namespace = aws.ToString(namespace.Namespace.Name)
	// A namespace name used a second time has a hash added to its HTTP name (API_HttpProperties.html).
	if p := namespace.Namespace.Properties; p != nil && p.HttpProperties != nil && p.HttpProperties.HttpName != nil {
		c.namespace = *p.HttpProperties.HttpName
	}
	return nil
}

func (c *cloudMap) sayNoHealth(err error) {
	if text := err.Error(); text != c.saidNoHealthBecause {
		c.saidNoHealthBecause = text
		c.log.Info().Str("reason", text).Msg("members are taken without their health")
	}
}
