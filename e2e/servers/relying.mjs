// A relying party made of npm's openid-client, for tests of our OpenID provider. It reads one JSON command a
// line: {"do": "begin", …} answers with the address to open, {"do": "finish", "url": …} with the claims and
// the userinfo that it verified, {"do": "refresh"} with new ones; {"do": "clock", "ahead": seconds} sets its
// clock wrong. Argument 1: the folder of npm packages.
import { createInterface } from 'node:readline';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [modules] = process.argv.slice(2);
const client = await import(pathToFileURL(createRequire(`${modules}/`).resolve('openid-client')).href);

let config, verifier, state, nonce, refresh;

// strict: as ProConnect asks an identity provider, with the secret in the form, signed userinfo whose
// signature is verified, and the claims parameter.
async function begin({ issuer, id, secret, redirect, scope, strict, claims }) {
  config = strict
    ? await client.discovery(new URL(issuer), id, { client_secret: secret, userinfo_signed_response_alg: 'RS256', id_token_signed_response_alg: 'RS256' },
      client.ClientSecretPost(secret), { execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks] })
    : await client.discovery(new URL(issuer), id, secret, undefined, { execute: [client.allowInsecureRequests] });
  verifier = client.randomPKCECodeVerifier();
  state = client.randomState();
  nonce = client.randomNonce();
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: redirect, scope, state, nonce,
    code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256', ...(claims ? { claims } : {}),
    ...(strict ? { acr_values: 'eidas1', sp_name: 'Démarches', sp_id: '7' } : {}),
  });
  return { url: url.href };
}

async function told(tokens) {
  refresh = tokens.refresh_token;
  const claims = tokens.claims();
  return { claims, userinfo: await client.fetchUserInfo(config, tokens.access_token, claims.sub) };
}

async function finish({ url }) {
  return told(await client.authorizationCodeGrant(config, new URL(url), {
    pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true,
  }));
}

const right = Date.now;
async function clock({ ahead }) {
  Date.now = () => right() + Number(ahead) * 1000;
  return {};
}

const commands = { begin, clock, finish, refresh: async () => told(await client.refreshTokenGrant(config, refresh)) };

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  const answer = await commands[command.do](command).catch((error) => ({ error: `${error.code ?? ''} ${error.message} ${error.cause ?? ''}` }));
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
