// SPDX-License-Identifier: Apache-2.0
// The OpenAPI document by validators that we did not write, and the daemon's answers by its schemas:
//   node openapi.mjs FOLDER-OF-THE-PROGRAMS DOCUMENT
// Exit status 77 when the modules are not installed (npm ci beside this file).
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';

const [openapi, ajv, formats] = await Promise.all([
  import('@seriousme/openapi-schema-validator'), import('ajv/dist/2020.js'), import('ajv-formats'),
]).catch((error) => {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  console.log(`skipped: ${error.message}; ./test installs it`);
  process.exit(77);
});

const [bin, file] = process.argv.slice(2);
const text = readFileSync(file, 'utf8');
const document = JSON.parse(text);

// --- the daemon ---

const dir = mkdtempSync('/tmp/jeton-openapi-');
const daemon = spawn(join(bin, 'jetond'), ['dev', '--listen', '127.0.0.1:0', '--dir', dir, '-o', 'json'], {
  stdio: ['ignore', 'pipe', 'pipe'],
});
let log = '';
daemon.stderr.on('data', (more) => { log += more; });
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

function ask(method, path, body) {
  return new Promise((resolve, reject) => {
    const sent = request({
      socketPath: told.admin_socket, method, path, headers: body ? { 'content-type': 'application/json' } : {},
    }, (answer) => {
      let got = '';
      answer.on('data', (more) => { got += more; });
      answer.on('end', () => resolve({
        status: answer.statusCode, type: answer.headers['content-type'], json: got && JSON.parse(got),
      }));
    });
    sent.on('error', reject);
    sent.end(body && JSON.stringify(body));
  });
}

// --- the document ---

const judge = (of) => new openapi.Validator().validate(of);

test('document_is_openapi_3_1', async () => {
  const validator = new openapi.Validator();
  assert.deepEqual(await validator.validate(structuredClone(document)), { valid: true });
  assert.equal(validator.version, '3.1');
});

const breaks = {
  no_version: (d) => { delete d.info.version; },
  no_title: (d) => { delete d.info.title; },
  path_without_slash: (d) => { d.paths['admin/v1/keys'] = d.paths['/admin/v1/keys']; },
  response_without_description: (d) => { delete d.paths['/admin/v1/keys'].get.responses['200'].description; },
  parameter_in_nowhere: (d) => { d.paths['/admin/v1/clients'].get.parameters[0].in = 'nowhere'; },
  path_parameter_not_required: (d) => { d.paths['/admin/v1/clients/{client}'].get.parameters[0].required = false; },
  scheme_of_no_type: (d) => { d.components.securitySchemes.token.type = 'none'; },
};
for (const [name, harm] of Object.entries(breaks)) {
  test(`document_with_${name}_refused`, async () => {
    const broken = structuredClone(document);
    harm(broken);
    assert.equal((await judge(broken)).valid, false);
  });
}

test('references_and_names_are_whole', () => {
  for (const [, name] of text.matchAll(/"\$ref": "#\/components\/(.*?)"/g)) {
    const [room, key] = name.split('/');
    assert.ok(document.components[room][key], name);
  }
  const ids = Object.values(document.paths).flatMap((path) => Object.values(path).map((op) => op.operationId));
  assert.equal(new Set(ids).size, ids.length);
  for (const [path, operations] of Object.entries(document.paths)) {
    const segments = [...path.matchAll(/\{(.*?)\}/g)].map(([, name]) => name);
    for (const operation of Object.values(operations)) {
      const told = operation.parameters.filter((parameter) => parameter.in === 'path').map((parameter) => parameter.name);
      assert.deepEqual(told, segments, path);
    }
  }
});

// --- what it says of the answers and the requests ---

const schemas = new ajv.Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true });
formats.default(schemas);
schemas.addKeyword('components');
schemas.addSchema({ $id: 'api', components: document.components });
const checker = (name) => schemas.compile({ $ref: `api#/components/schemas/${name}` });

test('schemas_are_json_schemas', () => {
  for (const name of Object.keys(document.components.schemas)) checker(name);
});

function fits(name, value) {
  const check = checker(name);
  assert.ok(check(value), `${name}: ${JSON.stringify(check.errors)}\n${JSON.stringify(value)}`);
}

test('answers_are_what_the_document_says', async () => {
  const made = [
    ['resource', '/admin/v1/resources', { identifier: 'urn:a', scopes: ['s'], claims: { x: 1 }, labels: { a: 'b' }, owner: 'o' }],
    ['role', '/admin/v1/roles', { name: 'r', grants: ['urn:a#s', 'urn:a'] }],
    ['product', '/admin/v1/products', { name: 'p', approval: 'manual', grants: ['urn:a#s'] }],
    ['client', '/admin/v1/clients', {
      name: 'c', roles: ['r'], subscriptions: ['p'], grants: ['urn:a'], default_resource: 'urn:a', secret_lifetime_s: 60,
    }],
  ];
  for (const [kind, path, body] of made) {
    fits(`${kind}_new`, body);
    const { status, json } = await ask('POST', path, body);
    assert.equal(status, 201, JSON.stringify(json));
    fits(kind === 'client' ? 'client_made' : kind, json);
    fits(kind, (await ask('GET', `${path}/${encodeURIComponent(json.identifier ?? json.name)}`)).json);
    fits(`${kind}_page`, (await ask('GET', `${path}?limit=1`)).json);
  }
  fits('secret_made', (await ask('POST', '/admin/v1/clients/c/secrets')).json);
  fits('keys', (await ask('GET', '/admin/v1/keys')).json);
  fits('checks', (await ask('GET', '/admin/v1/doctor')).json);
  const whoCan = (await ask('GET', '/admin/v1/who-can?resource=urn%3Aa&scope=s')).json;
  assert.equal(whoCan.items.length, 1);
  fits('who_can_page', whoCan);
  for (const question of [
    { client: 'c' }, { client: 'c', scope: 's t', resource: ['urn:a'] }, { client: 'c', resource: ['urn:b', 'urn:a'] },
    { client: 'c', resource: 'urn:a', scope: null }, { client: 'none' },
  ]) {
    fits('explain_ask', question);
    fits('explanation', (await ask('POST', '/admin/v1/explain', question)).json);
  }
  fits('about', (await ask('GET', '/admin/v1')).json);
  fits('problem', (await ask('GET', '/admin/v1/clients/none')).json);
  assert.deepEqual((await ask('GET', '/admin/v1/openapi.json')).json, document);
});

test('requests_that_the_document_refuses_the_daemon_refuses', async () => {
  const rows = [
    ['resource_new', '/admin/v1/resources', { identifier: 'urn:b', scope: [] }],
    ['resource_new', '/admin/v1/resources', {}],
    ['resource_new', '/admin/v1/resources', { identifier: 'urn:b', lifetime_s: 0 }],
    ['resource_new', '/admin/v1/resources', { identifier: 'urn:b#c' }],
    ['resource_new', '/admin/v1/resources', { identifier: 'urn:b', alg: 'HS256' }],
    ['role_new', '/admin/v1/roles', { name: 'a b' }],
    ['role_new', '/admin/v1/roles', { name: 'b', grants: ['urn:a', 'urn:a'] }],
    ['product_new', '/admin/v1/products', { name: 'b', approval: 'never' }],
    ['client_new', '/admin/v1/clients', { name: 'b', enabled: 'yes' }],
    ['client_new', '/admin/v1/clients', { name: 'b', client_id: 'mine' }],
    ['client_new', '/admin/v1/clients', { name: 'b', subscriptions: [{ product: 'p', status: 'approved' }] }],
    ['client_new', '/admin/v1/clients', { name: 'b', labels: { a: 1 } }],
    ['client_new', '/admin/v1/clients', { name: 'b', owner: 'x'.repeat(257) }],
    ['grants', '/admin/v1/clients/c/grants', { grants: [] }],
    ['subscription', '/admin/v1/clients/c/subscriptions', {}],
    ['rotate', '/admin/v1/keys/rotate', { force: 1 }],
  ];
  for (const [schema, path, body] of rows) {
    assert.equal(checker(schema)(body), false, JSON.stringify(body));
    const { status, type, json } = await ask('POST', path, body);
    assert.equal(status, 422, JSON.stringify([body, json]));
    assert.equal(type, 'application/problem+json');
    fits('problem', json);
  }
});
