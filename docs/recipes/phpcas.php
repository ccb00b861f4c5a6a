<?php
// phpCAS 1.6 or later: they ask for the application's own address, so that nobody else chooses the
// service (CVE-2022-39369).
require_once '/usr/share/php/CAS/CAS.php';
phpCAS::client(CAS_VERSION_3_0, 'parvis.example', 443, '/cas', 'https://app.bourg.example');
phpCAS::setCasServerCACert('/etc/ssl/certs/ca-certificates.crt');
phpCAS::handleLogoutRequests(true, ['parvis.example']);
phpCAS::forceAuthentication();
$login = phpCAS::getUser();
$attributes = phpCAS::getAttributes();
