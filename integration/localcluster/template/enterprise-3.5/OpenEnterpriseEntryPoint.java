package org.neo4j.server.enterprise;

import org.neo4j.graphdb.facade.GraphDatabaseDependencies;
import org.neo4j.kernel.configuration.Config;
import org.neo4j.server.BlockingBootstrapper;
import org.neo4j.server.NeoServer;
import org.neo4j.server.ServerBootstrapper;
import org.neo4j.server.database.EnterpriseGraphFactory;
import org.neo4j.server.database.GraphFactory;

/** Starts the Enterprise server of Neo4j 3.5: its own main class is not among the published jars. */
public final class OpenEnterpriseEntryPoint extends ServerBootstrapper {
    public static void main(String[] args) {
        int status = ServerBootstrapper.start(new BlockingBootstrapper(new OpenEnterpriseEntryPoint()), args);
        if (status != 0) {
            System.exit(status);
        }
    }

    @Override
    protected GraphFactory createGraphFactory(Config config) {
        return new EnterpriseGraphFactory();
    }

    @Override
    protected NeoServer createNeoServer(GraphFactory factory, Config config, GraphDatabaseDependencies dependencies) {
        return new OpenEnterpriseNeoServer(config, factory, dependencies);
    }
}
