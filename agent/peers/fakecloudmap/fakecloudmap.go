// Package fakecloudmap is an AWS Cloud Map for tests: an http.Handler that speaks the JSON protocol of the service to
// real SDK clients and enforces the documented limits that emulators pass over. It holds its own state and does, when
// told, what the real service does on bad days: throttle, refuse, hang, break connections, list the dead.
//
// Sources of the limits: https://docs.aws.amazon.com/cloud-map/latest/api/ (sizes, errors, defaults) and
// aws/aws-cloud-map-mcs-controller-for-k8s, pkg/common/ratelimiter.go (rates).
package fakecloudmap

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// Health of an instance, as DiscoverInstances gives it.
const (
	Healthy   = "HEALTHY"
	Unhealthy = "UNHEALTHY"
	Unknown   = "UNKNOWN" // the service has no health check; every filter lets it pass
	Hidden    = "HIDDEN"  // listed by ListInstances, not given by DiscoverInstances
)

// Fault is what happens to a call instead of an answer. The zero value is no fault.
type Fault struct {
	Code   string        // the error's code, such as RequestLimitExceeded or AccessDeniedException
	Status int           // HTTP status of the error; 0 means 400. Without Code the answer is no JSON
	Reset  bool          // the connection breaks
	Slow   time.Duration // before the answer, which may then be a fault or not
}

// Server is one account's Cloud Map in one region. The fields may be set before its first call.
type Server struct {
	// Faults, if set, is asked before each call; n counts the calls of that operation from 1.
	Faults func(operation string, n int) Fault
	// OperationTime is how long RegisterInstance and DeregisterInstance take to have an effect.
	OperationTime time.Duration
	// OperationError, if set, is the code that operations fail with instead of having an effect.
	OperationError string
	// Duplicates makes RegisterInstance add a second instance for an id that exists, as moto does; AWS updates it.
	Duplicates bool

	mu         sync.Mutex
	services   map[string]*service
	operations map[string]*operation
	buckets    map[string]*bucket
	calls      map[string]int
}

type service struct {
	id, name, namespace string
	instances           []instance
	revision            int64
}

type instance struct {
	id, health string
	attributes map[string]string
}

// operation is a change that takes effect when it is due.
type operation struct {
	id, service, instance string
	due                   time.Time
	apply                 func()
	done                  bool
	failed                string // the code, when it ended badly
}

// New is a Cloud Map without services.
func New() *Server {
	return &Server{services: map[string]*service{}, operations: map[string]*operation{}, buckets: map[string]*bucket{}, calls: map[string]int{}}
}

// AddService makes a service in a private DNS namespace called namespace.
func (s *Server) AddService(id, name, namespace string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.services[id] = &service{id: id, name: name, namespace: namespace}
}

// Add puts an instance at address ipv4 into a service, as ECS does it: with the container's port. An id that exists
// gets a second entry.
func (s *Server) Add(serviceID, instanceID, ipv4, health string) {
	s.AddAttributes(serviceID, instanceID, health, map[string]string{
		"AWS_INSTANCE_IPV4": ipv4, "AWS_INSTANCE_PORT": "7687", "AVAILABILITY_ZONE": "eu-central-1a", "REGION": "eu-central-1"})
}

// AddAttributes is Add for any attributes.
func (s *Server) AddAttributes(serviceID, instanceID, health string, attributes map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	svc := s.services[serviceID]
	svc.revision++
	svc.instances = append(svc.instances, instance{instanceID, health, attributes})
}

// Remove takes an instance away without an operation, as ECS does for a task that ended.
func (s *Server) Remove(serviceID, instanceID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.services[serviceID].remove(instanceID)
}

// SetHealth changes the health of an instance, which does not change the service's revision.
func (s *Server) SetHealth(serviceID, instanceID, health string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.services[serviceID].instances {
		if s.services[serviceID].instances[i].id == instanceID {
			s.services[serviceID].instances[i].health = health
		}
	}
}

// Instances are the attributes of a service's instances by id, once every operation that is due has taken effect.
func (s *Server) Instances(serviceID string) map[string]map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	all := map[string]map[string]string{}
	for _, i := range s.services[serviceID].instances {
		all[i.id] = maps.Clone(i.attributes)
	}
	return all
}

// Calls is how often an operation was called, faults included.
func (s *Server) Calls(operation string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[operation]
}

// settle lets the operations take effect that are due.
func (s *Server) settle() {
	for _, id := range slices.Sorted(maps.Keys(s.operations)) {
		if o := s.operations[id]; !o.done && !time.Now().Before(o.due) {
			o.done, o.failed = true, s.OperationError
			if o.failed == "" {
				o.apply()
			}
		}
	}
}

// begin submits a change of one instance. The caller has made sure that none is under way for it.
func (s *Server) begin(serviceID, instanceID string, apply func()) map[string]any {
	id := fmt.Sprintf("op-%06d", len(s.operations)+1)
	s.operations[id] = &operation{id: id, service: serviceID, instance: instanceID, due: time.Now().Add(s.OperationTime), apply: apply}
	return map[string]any{"OperationId": id}
}

// rates are calls a second and the burst.
var rates = map[string][2]float64{
	"ListInstances": {50, 100}, "DiscoverInstances": {1000, 2000}, "RegisterInstance": {50, 100},
	"DeregisterInstance": {50, 100}, "GetOperation": {100, 200},
}

// bucket is a token bucket.
type bucket struct {
	tokens float64
	at     time.Time
}

// admit takes a token for a call, if there is one.
func (s *Server) admit(operation string) bool {
	rate, limited := rates[operation]
	if !limited {
		return true
	}
	b := s.buckets[operation]
	if b == nil {
		b = &bucket{tokens: rate[1], at: time.Now()}
		s.buckets[operation] = b
	}
	b.tokens = min(rate[1], b.tokens+rate[0]*time.Since(b.at).Seconds())
	b.at = time.Now()
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}
