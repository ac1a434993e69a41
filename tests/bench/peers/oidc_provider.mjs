// SPDX-License-Identifier: Apache-2.0
// node oidc_provider.mjs CLIENTS RESOURCE WORKERS [CERTIFICATE KEY]: node-oidc-provider as an issuer
// for machines, at its best: in memory, nothing on but client credentials with resource indicators,
// ES256. CLIENTS is a file of lines ID:SECRET. With WORKERS above 1 that many processes share the port
// and the key. Tells its address as one line of JSON once it serves. Exit status 77 when the module
// is not installed (npm ci beside this file).
import cluster from 'node:cluster';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { generateKeyPairSync } from 'node:crypto';

const [clientsFile, resource, workersText, certificate, key] = process.argv.slice(2);
const workers = Number(workersText);
const off = { enabled: false };

function tell(port) {
  process.stdout.write(`${JSON.stringify({ port, version: process.version })}\n`);
}

function clients() {
  return readFileSync(clientsFile, 'utf8').trim().split('\n').map((line) => {
    const [client_id, client_secret] = line.split(':');
    return {
      client_id, client_secret, token_endpoint_auth_method: 'client_secret_basic',
      grant_types: ['client_credentials'], response_types: [], redirect_uris: [],
    };
  });
}

async function serve(jwk) {
  const { default: Provider } = await import('oidc-provider').catch((error) => {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    console.error(`skipped: ${error.message}`);
    process.exit(77);
  });
  const provider = new Provider('https://issuer.example.com', {
    clients: clients(),
    jwks: { keys: [jwk] },
    scopes: ['read', 'write', 'see'],
    responseTypes: [],
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    clientAuthMethods: ['client_secret_basic'],
    features: {
      clientCredentials: { enabled: true },
      devInteractions: off, dPoP: off, userinfo: off, rpInitiatedLogout: off,
      pushedAuthorizationRequests: off, claimsParameter: off,
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          scope: 'read write see', accessTokenFormat: 'jwt', accessTokenTTL: 3600,
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
    ttl: { ClientCredentials: 3600 },
  });
  const handler = provider.callback();
  const server = certificate === undefined ? http.createServer(handler)
    : https.createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, handler);
  server.keepAliveTimeout = 0; // the connections of the load stay, as ours do
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server.address().port;
}

if (cluster.isPrimary) {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = { ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: 'bench' };
  if (workers === 1) {
    tell(await serve(jwk));
  } else {
    const ready = Array.from({ length: workers }, () => {
      const worker = cluster.fork({ BENCH_JWK: JSON.stringify(jwk) });
      worker.once('exit', (code) => process.exit(code ?? 1));
      return once(worker, 'message');
    });
    tell((await Promise.all(ready))[0][0]);
  }
} else {
  process.send(await serve(JSON.parse(process.env.BENCH_JWK)));
}
