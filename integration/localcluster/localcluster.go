// Package localcluster runs a real Neo4j 3.5 Enterprise cluster on this machine, for tests and for make demo, without
// Docker and without an AWS account: each member is one neo4j-agent, where the kernel allows it as a real PID 1 in a PID
// namespace of its own, on its own loopback address; Cloud Map is moto's.
//
//	parts, err := localcluster.Install(ctx, ".build/parts", report)
//	cluster, err := localcluster.New(ctx, localcluster.Options{Agent: binary, Parts: parts, Dir: dir, Cores: 3, Replicas: 1})
//	defer cluster.Close()
//	err = cluster.Start(ctx)
//
// Neo4j Enterprise comes from Maven Central under its own licence, for development only. Nothing that is started here
// outlives the process: the kernel kills what was not stopped. Only the loopback addresses of a killed run stay, until
// the next run, which takes them over.
package localcluster
