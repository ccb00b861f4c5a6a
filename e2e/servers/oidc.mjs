// An OpenID provider for the tests: people from a JSON file (argument 1), clients by dynamic
// registration with the token of argument 2. It signs in at once the person named by login_hint, their
// address or uid; without one a form asks for address and password. PUT and DELETE of /left/UID with the
// same token let a person leave and come back. Refresh tokens serve once. Prints "ready ISSUER".
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [peopleFile, registrationToken, modules] = process.argv.slice(2);
const { default: Provider, interactionPolicy } = await import(
  pathToFileURL(createRequire(`${modules}/`).resolve('oidc-provider')).href
);

const people = JSON.parse(readFileSync(peopleFile, 'utf8'));
const left = new Set(); // uids of who is not known any more
const here = (p) => p && !left.has(p.uid);
const person = (login) => people.find((p) => here(p) && (p.email === login || p.uid === login));

// A subject that is not the address, since addresses change: never the key of an account.
const subject = (p) => createHash('sha256').update(p.uid).digest('hex').slice(0, 20);

async function findAccount(ctx, sub) {
  const p = people.find((one) => subject(one) === sub);
  if (!here(p)) return undefined;
  return {
    accountId: sub,
    claims: () => ({
      sub,
      email: p.email,
      email_verified: true,
      given_name: p.given_name,
      family_name: p.family_name,
      name: `${p.given_name} ${p.family_name}`,
      preferred_username: p.uid,
    }),
  };
}

// Consent is the employer's: what a client asks for is granted.
async function loadExistingGrant(ctx) {
  const { client, session } = ctx.oidc;
  const known = ctx.oidc.result?.consent?.grantId ?? session.grantIdFor(client.clientId);
  if (known) return ctx.oidc.provider.Grant.find(known);
  const grant = new ctx.oidc.provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope('openid email profile offline_access');
  await grant.save();
  return grant;
}

const escape = (text) => String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
const page = (title, body) => `<!DOCTYPE html><html lang="fr"><head><meta charset="utf-8"><title>${title}</title></head>`
  + `<body><main><h1>${title}</h1>${body}</main></body></html>`;

function html(ctx, title, body) {
  ctx.type = 'html';
  ctx.body = page(title, body);
}

const key = (type, options, alg) => ({
  ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }), alg, use: 'sig',
});

const configuration = {
  findAccount,
  loadExistingGrant,
  interactions: { url: (ctx, { uid }) => `/interaction/${uid}`, policy: interactionPolicy.base() },
  claims: {
    openid: ['sub'],
    email: ['email', 'email_verified'],
    profile: ['given_name', 'family_name', 'name', 'preferred_username'],
  },
  rotateRefreshToken: true,
  jwks: { keys: [key('rsa', { modulusLength: 2048 }, 'RS256'), key('ec', { namedCurve: 'P-256' }, 'ES256')] },
  cookies: { keys: [randomBytes(32).toString('hex')] },
  features: {
    devInteractions: { enabled: false },
    registration: { enabled: true, initialAccessToken: registrationToken },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: (ctx, form) => html(ctx, 'Se déconnecter ?',
        `${form}<button type="submit" form="op.logoutForm" name="logout" value="yes">Oui</button>`),
      postLogoutSuccessSource: (ctx) => html(ctx, 'Vous êtes déconnecté', ''),
    },
  },
  ttl: { AccessToken: 600, AuthorizationCode: 60, IdToken: 600, Interaction: 600, Session: 3600, Grant: 3600, RefreshToken: 3600 },
  renderError: (ctx, out) => html(ctx, 'Erreur', `<p>${escape(out.error)}: ${escape(out.error_description ?? '')}</p>`),
};

async function body(req) {
  const chunks = [];
  for await (const chunk of req) chunks.push(chunk);
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}

const signInForm = (message) => page('Connexion', `<p role="alert">${message}</p><form method="post">`
  + '<label>Adresse <input name="login" autocomplete="username"></label>'
  + '<label>Mot de passe <input name="password" type="password" autocomplete="current-password"></label>'
  + '<button name="action" value="sign-in">Se connecter</button><button name="action" value="refuse">Refuser</button></form>');

// interact ends one sign-in, or shows its form.
async function interact(req, res) {
  const { params, prompt, session, grantId } = await provider.interactionDetails(req, res);
  const finish = (result) => provider.interactionFinished(req, res, result, { mergeWithLastSubmission: false });
  const signIn = (p) => finish({ login: { accountId: subject(p) } });
  const show = (message) => res.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(signInForm(message));
  if (prompt.name === 'consent') {
    const { Grant } = provider;
    const grant = grantId ? await Grant.find(grantId) : new Grant({ clientId: params.client_id, accountId: session.accountId });
    grant.addOIDCScope(params.scope);
    return finish({ consent: { grantId: await grant.save() } });
  }
  if (req.method !== 'POST') {
    const hinted = person(params.login_hint);
    return hinted ? signIn(hinted) : show('');
  }
  const form = await body(req);
  if (form.get('action') === 'refuse') {
    return finish({ error: 'access_denied', error_description: 'refused at the sign-in form' });
  }
  const p = person(form.get('login'));
  return p && p.password === form.get('password') ? signIn(p) : show('Adresse ou mot de passe inconnu');
}

function leave(req, res) {
  const allowed = req.headers.authorization === `Bearer ${registrationToken}`;
  if (allowed) left[req.method === 'PUT' ? 'add' : 'delete'](decodeURIComponent(req.url.slice('/left/'.length)));
  res.writeHead(allowed ? 204 : 403).end();
}

// The issuer's name holds the port, which is known once the server listens.
let provider;
const server = createServer((req, res) => {
  if (req.url.startsWith('/left/')) return leave(req, res);
  if (!req.url.startsWith('/interaction/')) return provider.callback()(req, res);
  return interact(req, res).catch((error) => res.writeHead(400, { 'content-type': 'text/plain' }).end(String(error)));
});
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  provider = new Provider(issuer, configuration);
  provider.on('server_error', (ctx, error) => console.error('server_error', error));
  console.log(`ready ${issuer}`);
});
