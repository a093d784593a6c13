package localcluster

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery"
)

// What the emulated AWS account is called. moto accepts any credentials.
const (
	Region    = "us-east-1"
	AccessKey = "local"
	SecretKey = "local"
)

// motoStartLimit bounds the start of moto, which takes 0.6 s on an idle machine.
const motoStartLimit = 60 * time.Second

// Moto is a running AWS emulator with one Cloud Map service in it. It is laxer than AWS in several ways: it registers
// an instance id twice, gives ListInstances without pages, and DiscoverInstances regardless of health.
type Moto struct {
	Endpoint  string // http://127.0.0.1:PORT
	ServiceID string // of the Cloud Map service
	process   *process
	log       *os.File
}

// StartMoto starts moto on 127.0.0.1, on a free port where port is 0, and makes a namespace and a service in it. Its
// log is dir/moto.log.
func (p *Parts) StartMoto(ctx context.Context, dir string, port int) (*Moto, error) {
	if port == 0 {
		var err error
		if port, err = freePort(); err != nil {
			return nil, fmt.Errorf("cannot start moto: %v", err)
		}
	}
	log, err := os.Create(filepath.Join(dir, "moto.log"))
	if err != nil {
		return nil, fmt.Errorf("cannot start moto: %v", err)
	}
	command := exec.Command(filepath.Join(p.moto, "bin", "python3"), "-m", "moto.server", "-H", "127.0.0.1", "-p", strconv.Itoa(port))
	command.Env = append(os.Environ(), "MOTO_LOCALCLUSTER="+dir)
	command.Stdout, command.Stderr = log, log
	process, err := startProcess(command)
	if err != nil {
		_ = log.Close()
		return nil, err
	}
	moto := &Moto{Endpoint: fmt.Sprintf("http://127.0.0.1:%d", port), process: process, log: log}
	if err := moto.prepare(ctx); err != nil {
		moto.Stop()
		return nil, err
	}
	return moto, nil
}

// Stop ends moto; what it held is gone.
func (m *Moto) Stop() {
	m.process.stop(5 * time.Second)
	_ = m.log.Close()
}

// prepare waits until moto answers and makes the Cloud Map service.
func (m *Moto) prepare(ctx context.Context) error {
	err := WaitFor(ctx, "moto at "+m.Endpoint, motoStartLimit, func() (bool, string) {
		if !m.process.running() {
			return false, "it has ended; see " + m.log.Name()
		}
		return answers(ctx, m.Endpoint+"/moto-api/data.json")
	})
	if err != nil {
		return err
	}
	client := m.CloudMap()
	if _, err := client.CreateHttpNamespace(ctx, &servicediscovery.CreateHttpNamespaceInput{Name: aws.String("local")}); err != nil {
		return fmt.Errorf("cannot make a Cloud Map namespace: %v", err)
	}
	namespaces, err := client.ListNamespaces(ctx, &servicediscovery.ListNamespacesInput{})
	if err != nil || len(namespaces.Namespaces) != 1 {
		return fmt.Errorf("cannot find the new Cloud Map namespace: %v", err)
	}
	service, err := client.CreateService(ctx, &servicediscovery.CreateServiceInput{
		Name: aws.String("neo4j"), NamespaceId: namespaces.Namespaces[0].Id,
	})
	if err != nil {
		return fmt.Errorf("cannot make a Cloud Map service: %v", err)
	}
	m.ServiceID = aws.ToString(service.Service.Id)
	return nil
}

// CloudMap is a client of the emulated Cloud Map. Its DiscoverInstances does not reach moto: that call goes to a host
// name with the prefix data-.
func (m *Moto) CloudMap() *servicediscovery.Client {
	return servicediscovery.New(servicediscovery.Options{
		Region: Region, BaseEndpoint: aws.String(m.Endpoint),
		Credentials: credentials.NewStaticCredentialsProvider(AccessKey, SecretKey, ""),
	})
}

// Secrets is a client of the emulated Secrets Manager.
func (m *Moto) Secrets() *secretsmanager.Client {
	return secretsmanager.New(secretsmanager.Options{
		Region: Region, BaseEndpoint: aws.String(m.Endpoint),
		Credentials: credentials.NewStaticCredentialsProvider(AccessKey, SecretKey, ""),
	})
}

// answers tells whether a GET of url is answered with 200.
func answers(ctx context.Context, url string) (bool, string) {
	code, _, err := get(ctx, url)
	if err != nil {
		return false, err.Error()
	}
	return code == http.StatusOK, http.StatusText(code)
}

// freePort finds a TCP port of 127.0.0.1 that nobody listens on at the moment.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().(*net.TCPAddr).Port, nil
}
