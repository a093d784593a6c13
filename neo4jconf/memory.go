package neo4jconf

// Memory is how much of it Neo4j is to take, as its settings write sizes. Each is "" for what somebody else decided.
type Memory struct {
	Heap      string // initial and greatest size of Java's heap
	PageCache string
}
