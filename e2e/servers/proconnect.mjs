// ProConnect for the tests, on npm's oidc-provider: what its documentation and its own code say that it asks
// and answers. Strict parameters (Y000400), state and nonce of 32 characters, client_secret_post, signed
// userinfo, acr, amr to who asks for it, siret and idp_id, sign-out at /session/end. People from a JSON file
// (argument 1), clients by dynamic registration with the token of argument 2. A person is named by login_hint,
// without one a form asks. POST /switch with {client_id, fault, person} makes it answer wrongly to one client.
// Prints "ready ISSUER".
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [peopleFile, registrationToken, modules] = process.argv.slice(2);
const { default: Provider, interactionPolicy } = await import(
  pathToFileURL(createRequire(`${modules}/`).resolve('oidc-provider')).href
);

const people = JSON.parse(readFileSync(peopleFile, 'utf8'));
const siret = '99900010200015';
const idp = '71144ab3-ee1a-4401-b7b3-79b44f7daeeb';
const subject = (p) => createHash('sha256').update(`proconnect ${p.uid}`).digest('hex');
const named = (login) => people.find((p) => p.email === login || p.uid === login);

// What is wrong for a client, and what its people are changed to.
const switches = new Map();
const of = (clientId) => switches.get(clientId) ?? {};

const claimsOf = (p, clientId) => ({
  sub: subject(p), given_name: p.given_name, usual_name: p.family_name, email: p.email, uid: p.uid, siret, idp_id: idp,
  idp_acr: 'eidas1', phone_number: p.phone, organizational_unit: p.unit, belonging_population: 'agent',
  custom: { droits: { profils: ['agent', p.unit] } }, ...of(clientId).person,
});

const key = (options, alg) => ({ ...generateKeyPairSync(...options).privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: alg });
const rsa = ['rsa', { modulusLength: 2048 }];
const keys = [key(rsa, 'RS256'), key(['ec', { namedCurve: 'P-256' }], 'ES256')];
const otherKey = key(rsa, 'RS256');

const base64 = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const decoded = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());

// signed makes a token that the library would not make.
function signed(payload, { alg = 'RS256', jwk = keys[0] } = {}) {
  const text = `${base64({ alg, kid: 'RS256', typ: 'JWT' })}.${base64(payload)}`;
  if (alg === 'none') return `${text}.`;
  return `${text}.${sign('sha256', Buffer.from(text), { key: jwk, format: 'jwk' }).toString('base64url')}`;
}

const past = Math.floor(Date.now() / 1000) - 3600;
const faultsOfToken = {
  'id-iss': (c) => signed({ ...c, iss: 'https://evil.example/api/v2' }),
  'id-aud': (c) => signed({ ...c, aud: 'another-client' }),
  'id-none': (c) => signed(c, { alg: 'none' }),
  'id-key': (c) => signed(c, { jwk: otherKey }),
  'id-expired': (c) => signed({ ...c, iat: past - 60, exp: past }),
  'id-nonce': (c) => signed({ ...c, nonce: randomBytes(32).toString('hex') }),
  'low-acr': (c) => signed({ ...c, acr: 'eidas0' }),
  'no-acr': ({ acr, ...c }) => signed(c),
  'old-proof': (c) => signed({ ...c, auth_time: past }),
};
const faultsOfPerson = {
  iss: (c) => signed({ ...c, iss: 'https://evil.example/api/v2' }),
  'no-iss': ({ iss, ...c }) => signed(c),
  aud: (c) => signed({ ...c, aud: 'another-client' }),
  'no-aud': ({ aud, ...c }) => signed(c),
  sub: (c) => signed({ ...c, sub: 'another-subject' }),
  none: (c) => signed(c, { alg: 'none' }),
  key: (c) => signed(c, { jwk: otherKey }),
  expired: (c) => signed({ ...c, iat: past - 60, exp: past }),
  another: (c, clientId) => signed({ ...c, ...claimsOf(people.find((p) => subject(p) !== c.sub && p.email !== c.email), clientId) }),
  'another-alg': (c) => { const jwk = keys[1]; const text = `${base64({ alg: 'ES256', kid: 'ES256' })}.${base64(c)}`;
    return `${text}.${sign('sha256', Buffer.from(text), { key: jwk, format: 'jwk', dsaEncoding: 'ieee-p1363' }).toString('base64url')}`; },
};

const allowed = ['client_id', 'acr_values', 'claims', 'response_type', 'response_mode', 'nonce', 'login_hint', 'siret_hint', 'state',
  'redirect_uri', 'scope', 'prompt', 'idp_hint', 'code_challenge', 'code_challenge_method'];

// refusal is what ProConnect answers to a request that it does not take, '' for one that it does.
function refusal(query) {
  const unknown = [...query.keys()].filter((name) => !allowed.includes(name));
  if (unknown.length) return `parameter ${unknown}`;
  if ([...new Set(query.keys())].length !== [...query.keys()].length) return 'a parameter twice';
  if ((query.get('state') ?? '').length < 32 || (query.get('nonce') ?? '').length < 32) return 'state or nonce';
  const hint = query.get('login_hint');
  if (hint !== null && !/^[!-~]+@[!-~]+\.[a-z]+$/.test(hint)) return 'login_hint';
  if (query.has('acr_values') && /"acr":\{"essential"/.test(query.get('claims') ?? '')) return 'acr_values and an essential acr';
  return '';
}

const escape = (text) => String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
const page = (title, body) => `<!DOCTYPE html><html lang="fr"><head><meta charset="utf-8"><title>${title}</title></head>`
  + `<body><main><h1>${title}</h1>${body}</main></body></html>`;
function html(ctx, title, body) {
  ctx.type = 'html';
  ctx.body = page(title, body);
}

async function loadExistingGrant(ctx) {
  const { client, session } = ctx.oidc;
  const known = session.grantIdFor(client.clientId);
  if (known) return ctx.oidc.provider.Grant.find(known);
  const grant = new ctx.oidc.provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope('openid given_name usual_name email uid siret idp_id phone organizational_unit belonging_population custom');
  await grant.save();
  return grant;
}

const configuration = {
  findAccount: (ctx, sub) => {
    const p = people.find((one) => subject(one) === sub);
    return p && { accountId: sub, claims: () => claimsOf(p, ctx.oidc.client.clientId) };
  },
  loadExistingGrant,
  interactions: { url: (ctx, { uid }) => `/interaction/${uid}`, policy: interactionPolicy.base() },
  acrValues: ['eidas0', 'eidas0-mfa', 'eidas1', 'eidas1-mfa', 'eidas2', 'eidas3'],
  scopes: ['openid', 'offline_access'],
  claims: {
    openid: ['sub'], given_name: ['given_name'], usual_name: ['usual_name'], email: ['email', 'email_verified'], uid: ['uid'], siret: ['siret'],
    idp_id: ['idp_id', 'idp_acr'], phone: ['phone_number'], organizational_unit: ['organizational_unit'], belonging_population: ['belonging_population'],
    custom: ['custom'], acr: null, amr: null, auth_time: null, iss: null, sid: null,
  },
  clientDefaults: { token_endpoint_auth_method: 'client_secret_post', userinfo_signed_response_alg: 'RS256', id_token_signed_response_alg: 'RS256' },
  clientAuthMethods: ['client_secret_post'],
  jwks: { keys },
  cookies: { keys: [randomBytes(32).toString('hex')] },
  routes: { authorization: '/authorize', token: '/token', userinfo: '/userinfo', end_session: '/session/end', jwks: '/jwks', registration: '/reg' },
  pkce: { required: () => false },
  features: {
    devInteractions: { enabled: false },
    claimsParameter: { enabled: true },
    jwtUserinfo: { enabled: true },
    registration: { enabled: true, initialAccessToken: registrationToken },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: (ctx, form) => html(ctx, 'Déconnexion', `${form}<button type="submit" form="op.logoutForm" name="logout" value="yes">Oui</button>`),
      postLogoutSuccessSource: (ctx) => html(ctx, 'Vous êtes déconnecté', ''),
    },
  },
  ttl: { AccessToken: 60, AuthorizationCode: 30, IdToken: 60, Interaction: 600, Session: 43200, Grant: 43200 },
  renderError: (ctx, out) => html(ctx, 'Erreur', `<p>${escape(out.error)}: ${escape(out.error_description ?? '')}</p>`),
};

// tamper changes the answers of the library for clients that are to be answered wrongly.
async function tamper(ctx, next) {
  await next();
  const clientId = ctx.oidc?.client?.clientId;
  const { fault } = of(clientId);
  if (!fault) return;
  if (ctx.oidc.route === 'token' && faultsOfToken[fault] && ctx.body?.id_token) {
    ctx.body = { ...ctx.body, id_token: faultsOfToken[fault](decoded(ctx.body.id_token)) };
  }
  if (ctx.oidc.route !== 'userinfo' || ctx.status !== 200) return;
  const claims = decoded(String(ctx.body));
  if (fault === 'unsigned') {
    ctx.type = 'json';
    ctx.body = claims;
  } else if (faultsOfPerson[fault]) {
    ctx.body = faultsOfPerson[fault](claims, clientId);
  }
}

async function read(req) {
  const chunks = [];
  for await (const chunk of req) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

// interact ends one sign-in, or shows its form. How well the person is known is what was asked for, when it can be.
async function interact(req, res) {
  const { params, prompt } = await provider.interactionDetails(req, res);
  const wanted = JSON.parse(params.claims ?? '{}').id_token?.acr?.values;
  const { amr, acr } = of(params.client_id);
  const level = acr ?? wanted?.[0] ?? 'eidas1';
  const signIn = (p) => provider.interactionFinished(req, res, {
    login: { accountId: subject(p), acr: level, amr: amr ?? (wanted ? ['pwd', 'otp', 'mfa'] : ['pwd']) },
  }, { mergeWithLastSubmission: false });
  const hinted = named(req.method === 'POST' ? new URLSearchParams(await read(req)).get('login') : params.login_hint);
  if (hinted) return signIn(hinted);
  return res.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page('ProConnect',
    '<form method="post"><label>Adresse professionnelle <input name="login"></label><button>Continuer</button></form>'));
}

async function setSwitch(req, res) {
  if (req.headers.authorization !== `Bearer ${registrationToken}`) return res.writeHead(403).end();
  const { client_id: clientId, ...rest } = JSON.parse(await read(req));
  switches.set(clientId, rest);
  return res.writeHead(204).end();
}

const mount = '/api/v2';
let provider;
const server = createServer((req, res) => {
  const fail = (error) => res.writeHead(400, { 'content-type': 'text/plain' }).end(String(error));
  const url = new URL(req.url, 'http://127.0.0.1');
  if (req.url === '/favicon.ico') return res.writeHead(204).end();
  if (req.url === '/switch') return setSwitch(req, res).catch(fail);
  if (req.url.startsWith('/interaction/')) return interact(req, res).catch(fail);
  if (url.pathname === `${mount}/authorize`) {
    const why = refusal(url.searchParams);
    if (why) return res.writeHead(400, { 'content-type': 'text/html; charset=utf-8' }).end(page('Y000400', `Bad Request Exception: ${escape(why)}`));
  }
  if (!req.url.startsWith(`${mount}/`)) return res.writeHead(404).end();
  req.originalUrl = req.url;
  req.url = req.url.slice(mount.length);
  return provider.callback()(req, res);
});
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}${mount}`;
  provider = new Provider(issuer, configuration);
  provider.use(tamper);
  provider.on('server_error', (ctx, error) => console.error('server_error', error));
  console.log(`ready ${issuer}`);
});
