package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j"
)

// A user whose password is in Secrets Manager, how often that is looked at and how often it is rotated.
const (
	rotatedUser  = "rotated"
	rotatedEvery = 2 * time.Second
	rotations    = 11
)

// rotations are the times from a change in Secrets Manager to a server that takes the new password, the fastest first.
func (b *userBench) rotations(ctx context.Context) ([]time.Duration, error) {
	made, err := b.vault.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: aws.String("neo4j/rotated"), SecretString: aws.String("password-number-0")})
	if err != nil {
		return nil, fmt.Errorf("cannot make a secret: %v", err)
	}
	b.secret, b.changes = aws.ToString(made.ARN), b.changes+1
	if err := errors.Join(b.write(), b.Signal(syscall.SIGHUP), b.settled(ctx)); err != nil {
		return nil, err
	}
	var took []time.Duration
	for n := range rotations {
		<-time.After(rand.N(rotatedEvery)) // somewhere between two looks
		password := fmt.Sprintf("password-number-%d", n+1)
		begun := time.Now()
		if _, err := b.vault.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: &b.secret, SecretString: &password}); err != nil {
			return nil, fmt.Errorf("cannot rotate a secret: %v", err)
		}
		b.changes++
		if err := errors.Join(b.settled(ctx), b.takes(ctx, password)); err != nil {
			return nil, err
		}
		took = append(took, time.Since(begun))
	}
	slices.Sort(took)
	return took, nil
}

// takes has the user log in. That is tried once, after the status has told of the change: who is wrong too often is locked
// out.
func (b *userBench) takes(ctx context.Context, password string) error {
	driver, err := neo4j.NewDriverWithContext(b.BoltURI(), neo4j.BasicAuth(rotatedUser, password, ""))
	if err != nil {
		return err
	}
	defer func() { _ = driver.Close(ctx) }()
	if err := driver.VerifyConnectivity(ctx); err != nil {
		return fmt.Errorf("the server does not take the rotated password: %v", err)
	}
	return nil
}
