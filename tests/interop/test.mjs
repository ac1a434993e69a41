// SPDX-License-Identifier: Apache-2.0
// oauth4webapi and jose against the running daemon: node test.mjs FOLDER-OF-THE-PROGRAMS
// Exit status 77 when the modules are not installed (npm ci beside this file).
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { webcrypto } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';

globalThis.crypto ??= webcrypto; // Node 18 has both, but not as globals
globalThis.CryptoKey ??= webcrypto.CryptoKey;

const [jose, oauth] = await Promise.all([import('jose'), import('oauth4webapi')]).catch((error) => {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  console.log(`skipped: ${error.message}; ./test installs it`);
  process.exit(77);
});

const bin = process.argv[2];
const http = { [oauth.allowInsecureRequests]: true }; // loopback
const apis = [
  { alg: 'ES256', uri: 'https://payment.example.com/api', scope: 'payments:write' },
  { alg: 'RS256', uri: 'https://invoice.example.com/api', scope: 'invoices:read' },
  { alg: 'EdDSA', uri: 'https://stock.example.com/api?shelf=a%20b&x=%C3%A4', scope: 'stock:read' },
];

// --- the daemon ---

const dir = mkdtempSync('/tmp/jeton-interop-');
const daemon = spawn(join(bin, 'jetond'), [
  'dev', '--listen', '127.0.0.1:0', '--dir', dir, '--alg', 'ES256,RS256,EdDSA', '-o', 'json',
], { stdio: ['ignore', 'pipe', 'pipe'] });
let log = '';
daemon.stderr.on('data', (text) => { log += text; });
const ended = new Promise((resolve) => { daemon.on('close', (code, signal) => resolve(code ?? signal)); });
process.on('exit', () => { // nothing of it stays, whatever happened
  daemon.kill('SIGKILL');
  rmSync(dir, { recursive: true, force: true });
});

after(async () => {
  daemon.kill('SIGTERM');
  assert.equal(await ended, 0, `jetond's exit status; its log:\n${log}`);
});

const line = createInterface(daemon.stdout)[Symbol.asyncIterator]().next();
const told = JSON.parse((await Promise.race([line, ended.then(() => ({ value: '' }))])).value
  || assert.fail(`jetond ended: ${log}`));
const issuer = new URL(told.issuer);
const client = { client_id: told.client_id };
const right = oauth.ClientSecretBasic(told.client_secret);

function jeton(...args) {
  return execFileSync(join(bin, 'jeton'), args, {
    encoding: 'utf8', env: { ...process.env, JETON_SOCKET: told.admin_socket }, stdio: 'pipe',
  });
}
for (const api of apis.slice(1)) {
  jeton('resource', 'create', api.uri, '--scope', api.scope, '--alg', api.alg);
  jeton('client', 'grant', told.client_id, `${api.uri}#${api.scope}`);
}

// --- what a client and an API do ---

async function discover(algorithm) {
  const response = await oauth.discoveryRequest(issuer, { algorithm, ...http });
  return oauth.processDiscoveryResponse(issuer, response);
}

async function getToken(as, auth, parameters) {
  const response = await oauth.clientCredentialsGrantRequest(as, client, auth, parameters, http);
  return oauth.processClientCredentialsResponse(as, client, response);
}

function verifyByJose(keys, token, api) {
  return jose.jwtVerify(token, keys, {
    issuer: told.issuer, audience: api.uri, typ: 'at+jwt', algorithms: [api.alg],
    requiredClaims: ['iat', 'exp', 'nbf', 'jti', 'sub', 'client_id'],
  });
}

function verifyByOauth(as, token, api) {
  const request = new Request('https://api.example.com/', { headers: { authorization: `Bearer ${token}` } });
  return oauth.validateJwtAccessToken(as, request, api.uri, { signingAlgorithms: [api.alg], ...http });
}

const as = await discover('oauth2');
const ask = ({ uri, scope }) => ({ resource: uri, scope });

// --- the tests ---

test('discovery_by_oauth_and_by_openid_same_document', async () => {
  assert.deepEqual(await discover('oidc'), as);
  assert.equal(as.token_endpoint, told.token_endpoint);
  assert.equal(as.jwks_uri, told.jwks_uri);
});

for (const api of apis) {
  for (const method of ['ClientSecretBasic', 'ClientSecretPost']) {
    test(`${method}_${api.alg}_token_accepted_for_its_api_alone`, async () => {
      const answer = await getToken(as, oauth[method](told.client_secret), ask(api));
      assert.equal(answer.token_type, 'bearer');
      assert.equal(answer.expires_in, 3600);
      assert.equal(answer.scope, api.scope);

      const keys = jose.createRemoteJWKSet(new URL(as.jwks_uri));
      const { payload, protectedHeader } = await verifyByJose(keys, answer.access_token, api);
      assert.equal(protectedHeader.alg, api.alg);
      assert.equal(payload.aud, api.uri);
      assert.equal(payload.client_id, told.client_id);
      assert.equal(payload.sub, told.client_id);
      assert.equal(payload.scope, api.scope);
      assert.deepEqual(await verifyByOauth(as, answer.access_token, api), payload);

      const other = { ...api, uri: 'https://other.example.com/api' };
      await assert.rejects(verifyByJose(keys, answer.access_token, other), { claim: 'aud' });
      await assert.rejects(verifyByOauth(as, answer.access_token, other), oauth.OperationProcessingError);
    });
  }
}

test('wrong_secret_by_header_challenged_right_one_accepted', async () => {
  for (const secret of ['wrong', 'with space, ä, %, + and :']) {
    await assert.rejects(getToken(as, oauth.ClientSecretBasic(secret), ask(apis[0])), (error) => {
      assert.ok(error instanceof oauth.WWWAuthenticateChallengeError);
      assert.equal(error.status, 401);
      assert.equal(error.cause[0].scheme, 'basic');
      return true;
    });
  }
  await getToken(as, right, ask(apis[0]));
});

const refused = [
  ['wrong_secret_in_body', oauth.ClientSecretPost('wrong'), ask(apis[0]), 'invalid_client'],
  ['unknown_resource', right, { ...ask(apis[0]), resource: 'https://unknown.example.com/' }, 'invalid_target'],
  ['scope_not_held', right, { ...ask(apis[0]), scope: 'payments:refund' }, 'invalid_scope'],
];
for (const [name, auth, parameters, code] of refused) {
  test(`${name}_seen_as_${code}`, async () => {
    await assert.rejects(getToken(as, auth, parameters), (error) => {
      assert.ok(error instanceof oauth.ResponseBodyError);
      assert.equal(error.error, code);
      assert.equal(error.status, 400);
      assert.notEqual(error.error_description ?? '', '');
      return true;
    });
    await getToken(as, right, ask(apis[0]));
  });
}

test('rotation_never_meets_a_verifier_that_has_not_seen_the_key', async () => {
  const [api] = apis;
  const keys = jose.createRemoteJWKSet(new URL(as.jwks_uri));
  const before = (await getToken(as, right, ask(api))).access_token;
  const first = await verifyByJose(keys, before, api); // the set is fetched here, and kept
  const fetched = keys.jwks();

  jeton('key', 'rotate', '--alg', api.alg);
  const behind = (await getToken(as, right, ask(api))).access_token;
  const second = await verifyByJose(keys, behind, api);
  assert.notEqual(second.protectedHeader.kid, first.protectedHeader.kid);
  assert.deepEqual(keys.jwks(), fetched); // by the old set
  const fresh = jose.createRemoteJWKSet(new URL(as.jwks_uri));
  await verifyByJose(fresh, before, api);
  await verifyByJose(fresh, behind, api);
});
