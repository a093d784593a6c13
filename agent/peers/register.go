package peers

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery/types"
)

// RegisterAPI is satisfied by *servicediscovery.Client.
type RegisterAPI interface {
	RegisterInstance(context.Context, *servicediscovery.RegisterInstanceInput, ...func(*servicediscovery.Options)) (*servicediscovery.RegisterInstanceOutput, error)
	DeregisterInstance(context.Context, *servicediscovery.DeregisterInstanceInput, ...func(*servicediscovery.Options)) (*servicediscovery.DeregisterInstanceOutput, error)
	GetOperation(context.Context, *servicediscovery.GetOperationInput, ...func(*servicediscovery.Options)) (*servicediscovery.GetOperationOutput, error)
}

// Registration is this member's entry in a Cloud Map service. It touches that one instance id only, so each member
// needs its own.
type Registration struct {
	api         RegisterAPI
	service, id string
	attributes  map[string]string
}

// instanceIDs are the ids that Cloud Map takes: https://docs.aws.amazon.com/cloud-map/latest/api/API_RegisterInstance.html
// The pattern is made when it is needed: the counted repetition costs a millisecond, and the health check starts often.
var instanceIDs = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9a-zA-Z_/:.@-]{1,64}$`) })

// operationPolling is for GetOperation. Operations take from under a second (HTTP namespaces) to a minute (DNS).
var operationPolling = pace{first: 200 * time.Millisecond, most: 5 * time.Second, factor: 2, least: 0.5}

// operationLimit bounds Register and Withdraw; it leaves room for denialLimit.
const operationLimit = 2 * time.Minute

// NewRegistration describes the entry. host must be an address; port 0 is left out. It does not touch Cloud Map yet.
func NewRegistration(api RegisterAPI, serviceID, instanceID, host string, port int) (*Registration, error) {
	if !instanceIDs().MatchString(instanceID) {
		return nil, fmt.Errorf("cannot register as %q: an instance id has 1 to 64 letters, digits or _ / : . @ -", instanceID)
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return nil, fmt.Errorf("cannot register %q: not an address, and Cloud Map takes no names", host)
	}
	attributes := map[string]string{ipv4Attribute: addr.Unmap().String()}
	if addr.Unmap().Is6() {
		attributes = map[string]string{ipv6Attribute: addr.String()}
	}
	if port != 0 {
		attributes[portAttribute] = strconv.Itoa(port)
		attributes[PortAttribute] = strconv.Itoa(port)
	}
	return &Registration{api: api, service: serviceID, id: instanceID, attributes: attributes}, nil
}

// Register enters this member, or renews its entry, and waits until that is done. It tries until ctx ends or
// two minutes have passed; a wrong service or a minute of refusals end it earlier, as *WrongServiceError and
// *PermissionError.
func (r *Registration) Register(ctx context.Context) error {
	doing := r.doing("register")
	return r.finish(ctx, doing, func(ctx context.Context) (*string, error) {
		out, err := call(ctx, doing, r.api.RegisterInstance, &servicediscovery.RegisterInstanceInput{
			ServiceId: &r.service, InstanceId: &r.id, Attributes: r.attributes})
		if err != nil {
			return nil, err
		}
		return out.OperationId, nil
	})
}

// Withdraw takes the entry away and waits until that is done; an entry that is not there is a success. It ends like
// Register.
func (r *Registration) Withdraw(ctx context.Context) error {
	doing := r.doing("withdraw")
	return r.finish(ctx, doing, func(ctx context.Context) (*string, error) {
		out, err := call(ctx, doing, r.api.DeregisterInstance, &servicediscovery.DeregisterInstanceInput{
			ServiceId: &r.service, InstanceId: &r.id})
		if errors.Is(err, errNotThere) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		return out.OperationId, nil
	})
}

func (r *Registration) doing(verb string) string {
	return fmt.Sprintf("%s instance %s of Cloud Map service %s", verb, r.id, r.service)
}

// finish submits an operation and sees it through, again while trouble may pass. The same id under way elsewhere (an
// earlier start of this member) is such trouble: Cloud Map takes one operation for an id at a time.
func (r *Registration) finish(ctx context.Context, doing string, submit func(context.Context) (operation *string, err error)) error {
	ctx, cancel := context.WithTimeout(ctx, operationLimit)
	defer cancel()
	var limits patience
	var last error
	for try := 0; ; try++ {
		operation, err := submit(ctx)
		if err == nil && operation != nil {
			err = r.follow(ctx, doing, *operation)
		}
		if err == nil {
			return nil
		}
		if over := limits.over(err); over != nil {
			return over
		}
		if ctx.Err() == nil || last == nil { // the interruption itself says less than what was before it
			last = err
		}
		if pause(ctx, afterTrouble.wait(try)); ctx.Err() != nil {
			return last
		}
	}
}

// follow waits for the end of an operation.
func (r *Registration) follow(ctx context.Context, doing, operation string) error {
	for n := 0; ; n++ {
		out, err := call(ctx, "follow operation "+operation, r.api.GetOperation, &servicediscovery.GetOperationInput{OperationId: &operation})
		if err != nil {
			return err
		}
		switch out.Operation.Status {
		case types.OperationStatusSuccess:
			return nil
		case types.OperationStatusFail:
			return fmt.Errorf("cannot %s: %s: %s", doing, aws.ToString(out.Operation.ErrorCode), aws.ToString(out.Operation.ErrorMessage))
		}
		if pause(ctx, operationPolling.wait(n)); ctx.Err() != nil {
			return fmt.Errorf("cannot %s: operation %s is still %s", doing, operation, out.Operation.Status)
		}
	}
}
