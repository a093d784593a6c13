package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	"github.com/rs/zerolog"

	"neo4j-agent/agent/peers"
	"neo4j-agent/agent/settings"
)

// awsConfig is the SDK's configuration. Keys given as plain variables come from the settings, since the environment no
// longer has them.
func awsConfig(ctx context.Context, s *settings.Settings) (aws.Config, error) {
	var options []func(*config.LoadOptions) error
	if s.AWS.Region != "" {
		options = append(options, config.WithRegion(s.AWS.Region))
	}
	if !s.AWS.AccessKeyID.IsZero() {
		options = append(options, config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(
			s.AWS.AccessKeyID.Reveal(), s.AWS.SecretAccessKey.Reveal(), s.AWS.SessionToken.Reveal())))
	}
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return loaded, withCode(exitConfig, fmt.Errorf("cannot configure the AWS SDK: %v", err))
	}
	return loaded, nil
}

// cloudMap is a client of AWS Cloud Map, or of what AWS_ENDPOINT_URL names.
func cloudMap(ctx context.Context, s *settings.Settings) (*servicediscovery.Client, error) {
	loaded, err := awsConfig(ctx, s)
	if err != nil {
		return nil, err
	}
	var options []func(*servicediscovery.Options)
	if s.AWS.EndpointURL != "" || s.AWS.Endpoints["SERVICEDISCOVERY"] != "" {
		options = append(options, peers.DisableHostPrefix)
	}
	return servicediscovery.NewFromConfig(loaded, options...), nil
}

// newFinder is where the settings say that members are to be looked for.
func newFinder(ctx context.Context, s *settings.Settings, port int, log zerolog.Logger) (peers.Finder, error) {
	resolver := net.DefaultResolver
	switch s.Discovery {
	case settings.DiscoveryCloudMap:
		client, err := cloudMap(ctx, s)
		if err != nil {
			return nil, err
		}
		return peers.CloudMap(client, s.CloudMapServiceID, log), nil
	case settings.DiscoveryDNS:
		return peers.DNS(resolver, s.Peers[0], port), nil
	case settings.DiscoverySRV:
		return peers.SRV(resolver, s.Peers[0]), nil
	default:
		return peers.Static(resolver, s.Peers)
	}
}

// newRegistration is this member's own record in Cloud Map.
func newRegistration(ctx context.Context, s *settings.Settings, id, address string, port int) (*peers.Registration, error) {
	client, err := cloudMap(ctx, s)
	if err != nil {
		return nil, err
	}
	return peers.NewRegistration(client, s.CloudMapServiceID, id, address, port)
}

// metadataClient asks no proxy: metadata is on this machine.
func metadataClient() *http.Client { return &http.Client{Transport: &http.Transport{Proxy: nil}} }

// ownAddress finds the address that the others reach this member at.
func ownAddress(ctx context.Context, s *settings.Settings) (peers.Own, error) {
	direct := metadataClient()
	where := peers.Where{
		Explicit: s.AdvertisedAddress, TaskMetadataURI: s.ECSMetadataURI, EC2: onEC2(s),
		HTTP: direct, Resolver: net.DefaultResolver, Interfaces: net.InterfaceAddrs, Routed: peers.RoutedAddress,
	}
	if where.EC2 {
		where.IMDS = imds.New(imds.Options{HTTPClient: direct})
	}
	return peers.OwnAddress(ctx, where)
}

// onEC2 tells whether the instance metadata service is worth asking: ECS says so, or the firmware does
// (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/identify_ec2_instances.html).
func onEC2(s *settings.Settings) bool {
	if strings.HasPrefix(s.ExecutionRuntime, "AWS_ECS_EC2") {
		return true
	}
	vendor, err := os.ReadFile("/sys/class/dmi/id/sys_vendor")
	return err == nil && strings.HasPrefix(string(vendor), "Amazon EC2")
}

// memberErrors gives each way not to find members its exit code (contract.md, Exit codes).
func memberErrors(err error) error {
	var (
		few     *peers.NotEnoughError
		service *peers.WrongServiceError
		refused *peers.PermissionError
	)
	switch {
	case errors.As(err, &few):
		return withCode(exitTryAgain, err)
	case errors.As(err, &service):
		return withCode(exitConfig, err)
	case errors.As(err, &refused):
		return withCode(exitPermission, err)
	}
	return err
}
