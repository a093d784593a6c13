package fakecloudmap

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Limits of the API.
const (
	listMost        = 100  // ListInstances MaxResults, also its default
	discoverMost    = 1000 // DiscoverInstances MaxResults
	discoverDefault = 100
	instancesMost   = 1000 // per service
	attributesMost  = 30   // custom ones per instance
)

var (
	instanceIDs = regexp.MustCompile(`^[0-9a-zA-Z_/:.@-]{1,64}$`)
	serviceIDs  = regexp.MustCompile(`^(srv-[0-9a-z-]+|arn:aws:servicediscovery:.+)$`)
)

func (s *Server) find(id string) (*service, *apiError) {
	if !serviceIDs.MatchString(id) {
		return nil, fail("InvalidInput", "Service id %q is not valid", id)
	}
	if svc := s.services[id]; svc != nil {
		return svc, nil
	}
	return nil, fail("ServiceNotFound", "Service not found: %s", id)
}

type listInput struct {
	ServiceId  string
	MaxResults *int
	NextToken  string
}

func (s *Server) listInstances(in listInput) (any, *apiError) {
	svc, failure := s.find(in.ServiceId)
	if failure != nil {
		return nil, failure
	}
	size, from := listMost, 0
	if in.MaxResults != nil {
		size = *in.MaxResults
	}
	if size < 1 || size > listMost {
		return nil, fail("InvalidInput", "MaxResults must be from 1 to %d", listMost)
	}
	if in.NextToken != "" {
		at, ok := strings.CutPrefix(in.NextToken, in.ServiceId+"+")
		var err error
		if from, err = strconv.Atoi(at); err != nil || !ok {
			return nil, fail("InvalidInput", "NextToken is not valid")
		}
	}
	page := []map[string]any{}
	for i := from; i < min(from+size, len(svc.instances)); i++ {
		page = append(page, map[string]any{"Id": svc.instances[i].id, "Attributes": svc.instances[i].attributes, "CreatedByAccount": "123456789012"})
	}
	answer := map[string]any{"Instances": page, "ResourceOwner": "123456789012"}
	if from+size < len(svc.instances) {
		answer["NextToken"] = fmt.Sprintf("%s+%d", in.ServiceId, from+size)
	}
	return answer, nil
}

type discoverInput struct {
	NamespaceName, ServiceName, HealthStatus string
	MaxResults                               *int
}

// discoverInstances has no pages and a random order, and gives the healthy when not told otherwise.
func (s *Server) discoverInstances(in discoverInput) (any, *apiError) {
	size := discoverDefault
	if in.MaxResults != nil {
		size = *in.MaxResults
	}
	if size < 1 || size > discoverMost {
		return nil, fail("InvalidInput", "MaxResults must be from 1 to %d", discoverMost)
	}
	var svc *service
	knowsNamespace := false
	for _, each := range s.services {
		if each.namespace == in.NamespaceName {
			knowsNamespace = true
			if each.name == in.ServiceName {
				svc = each
			}
		}
	}
	if svc == nil && !knowsNamespace {
		return nil, fail("NamespaceNotFound", "Namespace not found: %s", in.NamespaceName)
	}
	if svc == nil {
		return nil, fail("ServiceNotFound", "Service not found: %s", in.ServiceName)
	}
	wanted := map[string][]string{"": {Healthy}, Healthy: {Healthy}, Unhealthy: {Unhealthy}, "ALL": {Healthy, Unhealthy}}[in.HealthStatus]
	if wanted == nil {
		return nil, fail("InvalidInput", "HealthStatus %q", in.HealthStatus)
	}
	found := []map[string]any{}
	for _, i := range svc.instances {
		if i.health == Unknown || slices.Contains(wanted, i.health) {
			found = append(found, map[string]any{"InstanceId": i.id, "NamespaceName": svc.namespace, "ServiceName": svc.name,
				"HealthStatus": i.health, "Attributes": i.attributes})
		}
	}
	rand.Shuffle(len(found), func(i, j int) { found[i], found[j] = found[j], found[i] })
	return map[string]any{"Instances": found[:min(size, len(found))], "InstancesRevision": svc.revision}, nil
}

type idInput struct {
	Id string
}

func (s *Server) getService(in idInput) (any, *apiError) {
	svc, failure := s.find(in.Id)
	if failure != nil {
		return nil, failure
	}
	return map[string]any{"Service": map[string]any{"Id": svc.id, "Name": svc.name, "NamespaceId": "ns-" + svc.namespace}}, nil
}

func (s *Server) getNamespace(in idInput) (any, *apiError) {
	for _, svc := range s.services {
		if in.Id == "ns-"+svc.namespace {
			return map[string]any{"Namespace": map[string]any{"Id": in.Id, "Name": svc.namespace, "Type": "DNS_PRIVATE",
				"Properties": map[string]any{"HttpProperties": map[string]any{"HttpName": svc.namespace}}}}, nil
		}
	}
	return nil, fail("NamespaceNotFound", "Namespace not found: %s", in.Id)
}

type registerInput struct {
	ServiceId, InstanceId, CreatorRequestId string
	Attributes                              map[string]string
}

func (s *Server) registerInstance(in registerInput) (any, *apiError) {
	svc, failure := s.find(in.ServiceId)
	if failure == nil {
		failure = badInstance(in)
	}
	if failure == nil {
		failure = s.underWay(in.ServiceId, in.InstanceId)
	}
	if failure != nil {
		return nil, failure
	}
	exists := slices.ContainsFunc(svc.instances, func(i instance) bool { return i.id == in.InstanceId })
	if !exists && len(svc.instances) >= instancesMost {
		return nil, fail("ResourceLimitExceeded", "a service has at most %d instances", instancesMost)
	}
	return s.begin(in.ServiceId, in.InstanceId, func() {
		if !s.Duplicates {
			svc.remove(in.InstanceId)
		}
		svc.revision++
		svc.instances = append(svc.instances, instance{in.InstanceId, Healthy, in.Attributes})
	}), nil
}

func badInstance(in registerInput) *apiError {
	if !instanceIDs.MatchString(in.InstanceId) {
		return fail("InvalidInput", "Instance id %q is not valid", in.InstanceId)
	}
	custom, addresses := 0, 0
	for name, value := range in.Attributes {
		addr, err := netip.ParseAddr(value)
		port, portErr := strconv.Atoi(value)
		switch {
		case name == "AWS_INSTANCE_IPV4" && (err != nil || !addr.Is4()), name == "AWS_INSTANCE_IPV6" && (err != nil || !addr.Is6()),
			name == "AWS_INSTANCE_PORT" && (portErr != nil || port < 1 || port > 65535), value == "":
			return fail("InvalidInput", "%s = %q", name, value)
		case name == "AWS_INSTANCE_IPV4", name == "AWS_INSTANCE_IPV6":
			addresses++
		case !strings.HasPrefix(name, "AWS_"):
			custom++
		}
	}
	if addresses == 0 || custom > attributesMost {
		return fail("InvalidInput", "%d addresses, %d custom attributes", addresses, custom)
	}
	return nil
}

type deregisterInput struct {
	ServiceId, InstanceId string
}

func (s *Server) deregisterInstance(in deregisterInput) (any, *apiError) {
	svc, failure := s.find(in.ServiceId)
	if failure == nil {
		failure = s.underWay(in.ServiceId, in.InstanceId)
	}
	if failure != nil {
		return nil, failure
	}
	if !slices.ContainsFunc(svc.instances, func(i instance) bool { return i.id == in.InstanceId }) {
		return nil, fail("InstanceNotFound", "Instance not found: %s", in.InstanceId)
	}
	return s.begin(in.ServiceId, in.InstanceId, func() { svc.remove(in.InstanceId) }), nil
}

func (v *service) remove(id string) {
	v.revision++
	v.instances = slices.DeleteFunc(v.instances, func(i instance) bool { return i.id == id })
}

// underWay refuses a second operation for an id: "One RegisterInstance request must complete before you can submit
// another request and specify the same service ID and instance ID."
func (s *Server) underWay(serviceID, instanceID string) *apiError {
	for _, o := range s.operations {
		if !o.done && o.service == serviceID && o.instance == instanceID {
			failure := fail("DuplicateRequest", "Another operation of instance %s is in progress", instanceID)
			failure.more = map[string]string{"DuplicateOperationId": o.id}
			return failure
		}
	}
	return nil
}

type operationInput struct {
	OperationId string
}

func (s *Server) getOperation(in operationInput) (any, *apiError) {
	o := s.operations[in.OperationId]
	if o == nil {
		return nil, fail("OperationNotFound", "Operation not found: %s", in.OperationId)
	}
	answer := map[string]any{"Id": o.id, "Status": "PENDING", "CreateDate": float64(time.Now().Unix())}
	switch {
	case o.failed != "":
		answer["Status"], answer["ErrorCode"], answer["ErrorMessage"] = "FAIL", o.failed, "the operation failed"
	case o.done:
		answer["Status"] = "SUCCESS"
	}
	return map[string]any{"Operation": answer}, nil
}
