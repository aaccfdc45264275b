import { checkPlans } from '../../support/plan/checks.ts';
import { atLeast, atMost, each, exactly, from, not } from '../../../tools/lib/terraform/matchers.ts';

checkPlans({
  'nobody signs up by themselves, and nobody deletes the users of prod': {
    holds: (plan, environment) => {
      plan.every('aws_cognito_user_pool', {
        admin_create_user_config: { allow_admin_create_user_only: true },
        deletion_protection: environment === 'prod' ? 'ACTIVE' : 'INACTIVE',
      });
    },
    mistakes: {
      'anyone may sign up': ({ planned }) => {
        planned(
          'aws_cognito_user_pool.main',
          (after) => (after.admin_create_user_config[0].allow_admin_create_user_only = false),
        );
      },
    },
  },

  'production users prove who they are with a second factor and a password that is not known to be leaked': {
    only: ['prod'],
    holds: (plan) => {
      plan.every('aws_cognito_user_pool', {
        mfa_configuration: 'ON',
        user_pool_tier: 'PLUS',
        user_pool_add_ons: { advanced_security_mode: 'ENFORCED' },
        username_attributes: exactly('email'),
        auto_verified_attributes: exactly('email'),
        software_token_mfa_configuration: { enabled: true },
        password_policy: {
          minimum_length: atLeast(14),
          password_history_size: atLeast(12),
          temporary_password_validity_days: 1,
          require_lowercase: true,
          require_numbers: true,
          require_symbols: true,
          require_uppercase: true,
        },
        username_configuration: { case_sensitive: false },
        account_recovery_setting: { recovery_mechanism: exactly({ name: 'verified_email' }) },
        user_attribute_update_settings: { attributes_require_verification_before_update: ['email'] },
      });
    },
    mistakes: {
      'nobody looks for stolen passwords': ({ planned }) => {
        planned('aws_cognito_user_pool.main', (after) => {
          after.user_pool_add_ons[0].advanced_security_mode = 'OFF';
        });
      },
      'it is optional': ({ planned }) => {
        planned('aws_cognito_user_pool.main', (after) => (after.mfa_configuration = 'OPTIONAL'));
      },
    },
  },

  'tokens are short, can be taken back, and tell nobody which names there are': {
    holds: (plan) => {
      plan.every('aws_cognito_user_pool_client', {
        access_token_validity: 15,
        token_validity_units: { access_token: 'minutes' },
        explicit_auth_flows: exactly('ALLOW_REFRESH_TOKEN_AUTH'),
        prevent_user_existence_errors: 'ENABLED',
        enable_token_revocation: true,
        allowed_oauth_flows_user_pool_client: true,
        user_pool_id: from('aws_cognito_user_pool.main'),
      });
      plan.resource('aws_cognito_user_pool_client', 'swagger').has({
        id_token_validity: 15,
        refresh_token_validity: 8,
        token_validity_units: { id_token: 'minutes', refresh_token: 'hours' },
        allowed_oauth_scopes: exactly('movies/read', 'movies/write', 'openid'),
        supported_identity_providers: exactly('COGNITO'),
      });
    },
    mistakes: {
      'passwords are taken over the API': ({ planned }) => {
        planned('aws_cognito_user_pool_client.machine', (after) =>
          after.explicit_auth_flows.push('ALLOW_USER_PASSWORD_AUTH'),
        );
      },
    },
  },

  'the scopes are movies/read and movies/write, and no others': {
    holds: (plan) => {
      plan.every('aws_cognito_resource_server', {
        identifier: 'movies',
        scope: exactly({ scope_name: 'read' }, { scope_name: 'write' }),
      });
    },
    mistakes: {
      'an admin scope appears': ({ planned }) => {
        planned('aws_cognito_resource_server', (after) => after.scope.push({ scope_name: 'admin' }));
      },
      'writing is called otherwise': ({ planned }) => {
        planned('aws_cognito_resource_server', (after) => (after.scope[0].scope_name = 'change'));
      },
    },
  },

  'who looks from outside may read, and no more': {
    only: ['prod'],
    holds: (plan) => {
      plan.resource('aws_cognito_user_pool_client', 'reader["outside"]').has({
        allowed_oauth_flows: exactly('client_credentials'),
        allowed_oauth_scopes: exactly('movies/read'),
        generate_secret: true,
      });
    },
    mistakes: {
      'it may write': ({ planned }) => {
        planned('aws_cognito_user_pool_client.reader', (after) =>
          after.allowed_oauth_scopes.push('movies/write'),
        );
      },
    },
  },

  'programs get tokens for themselves only': {
    holds: (plan) => {
      plan.resource('aws_cognito_user_pool_client', 'machine').has({
        allowed_oauth_flows: exactly('client_credentials'),
        allowed_oauth_scopes: exactly('movies/read', 'movies/write'),
        generate_secret: true,
      });
    },
    mistakes: {
      'the implicit flow is allowed': ({ planned }) => {
        planned('aws_cognito_user_pool_client.machine', (after) =>
          after.allowed_oauth_flows.push('implicit'),
        );
      },
      'it has no secret': ({ planned }) => {
        planned('aws_cognito_user_pool_client.machine', (after) => (after.generate_secret = false));
      },
    },
  },

  'Swagger UI is a public client with a code, short tokens and no way back but its own': {
    holds: (plan) => {
      plan.resource('aws_cognito_user_pool_client', 'swagger').has({
        allowed_oauth_flows: exactly('code'),
        generate_secret: false,
        access_token_validity: atMost(60),
        callback_urls: each(/^(https:\/\/|http:\/\/localhost:).*\/api\/docs\/oauth2-redirect\.html$/),
      });
    },
    mistakes: {
      'it has a secret, in a browser': ({ planned }) => {
        planned('aws_cognito_user_pool_client.swagger', (after) => (after.generate_secret = true));
      },
      'codes go over plain HTTP': ({ planned }) => {
        planned(
          'aws_cognito_user_pool_client.swagger',
          (after) => (after.callback_urls = ['http://movies.example.com/api/docs/oauth2-redirect.html']),
        );
      },
      'tokens live for a day': ({ planned }) => {
        planned('aws_cognito_user_pool_client.swagger', (after) => (after.access_token_validity = 1440));
      },
    },
  },

  'in prod nobody is sent back to their own machine': {
    only: ['prod'],
    holds: (plan) => {
      plan.resource('aws_cognito_user_pool_client', 'swagger').has({ callback_urls: each(not(/localhost/)) });
    },
    mistakes: {
      'localhost is let in': ({ planned }) => {
        planned('aws_cognito_user_pool_client.swagger', (after) =>
          after.callback_urls.push('http://localhost:8080/'),
        );
      },
    },
  },

  'the service accepts tokens of this pool for these clients only': {
    holds: (plan) => {
      plan
        .resource('aws_cognito_user_pool_client', 'machine')
        .has({ user_pool_id: from('aws_cognito_user_pool.main') });
      plan
        .output('container_definitions')
        .has([{ name: 'api', environment: [{ name: 'OIDC_ISSUER' }, { name: 'OIDC_AUDIENCE' }] }]);
    },
    mistakes: {
      'no issuer is configured': ({ output }) => {
        output('container_definitions', (after) => {
          after[0].environment = after[0].environment.filter(
            ({ name }: { name: string }) => name !== 'OIDC_ISSUER',
          );
        });
      },
    },
  },
});
