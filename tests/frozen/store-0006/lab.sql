BEGIN TRANSACTION;
CREATE TABLE accounts (
    login TEXT PRIMARY KEY, disabled INTEGER NOT NULL DEFAULT 0, user_handle BLOB NOT NULL UNIQUE
) STRICT;
INSERT INTO "accounts" VALUES('chief',0,X'A3D811736110E5781BCCCEA696762E61');
INSERT INTO "accounts" VALUES('asking',0,X'16C6E9C92D99BF358C2E0718822CE47C');
INSERT INTO "accounts" VALUES('waitingforabrowser',0,X'AA202F4AD9892FED75598005BAC48A6A');
INSERT INTO "accounts" VALUES('browserunconfirmed',0,X'6B1AABAC50B0FBBC8F89EC5F79BD2216');
INSERT INTO "accounts" VALUES('proving',0,X'5B47146D57CD20F3BA185E0E0B7D297B');
INSERT INTO "accounts" VALUES('settingup',0,X'7A536774A444DFB323B56E525E351A7F');
INSERT INTO "accounts" VALUES('frozen',0,X'C8153790460D5FC8B1BD9822ECF8CE56');
INSERT INTO "accounts" VALUES('closed',0,X'A32D19ED9434C76010719F13E6BC1E92');
INSERT INTO "accounts" VALUES('maplewander',0,X'5AD94E3FBD80A940F15C1CC7D5727D10');
INSERT INTO "accounts" VALUES('wander',0,X'4C75C1EE78CBAB6A4E95EFF97B141392');
CREATE TABLE audit (
    n INTEGER PRIMARY KEY, at TEXT NOT NULL, login TEXT NOT NULL, act TEXT NOT NULL, authenticator_id TEXT,
    outcome TEXT NOT NULL
) STRICT;
INSERT INTO "audit" VALUES(1,'2026-11-24T09:00:00.000000Z','settingup','finish_assertion','auth_xjp08affagbq5k08c6t8','accepted');
INSERT INTO "audit" VALUES(2,'2026-11-24T09:00:00.000000Z','settingup','suspend','auth_nc74jy9zk4xhtrza1g34','done');
INSERT INTO "audit" VALUES(3,'2026-11-24T09:00:00.000000Z','closed','finish_assertion','auth_d1tkbjm0zcz0n2593cr3','accepted');
INSERT INTO "audit" VALUES(4,'2026-11-24T09:00:00.000000Z','closed','suspend','auth_eq7dx32kad2kk0hewe81','done');
INSERT INTO "audit" VALUES(5,'2026-11-24T09:00:00.000000Z','closed','enrol','auth_0vnrj0qt8xsmmap25z0c','pending');
INSERT INTO "audit" VALUES(6,'2026-11-24T09:00:00.000000Z','closed','confirm_code','auth_0vnrj0qt8xsmmap25z0c','accepted');
INSERT INTO "audit" VALUES(7,'2026-11-24T09:00:00.000000Z','closed','remove','auth_eq7dx32kad2kk0hewe81','done');
INSERT INTO "audit" VALUES(8,'2026-11-24T09:00:00.000000Z','closed','end_sessions',NULL,'done');
INSERT INTO "audit" VALUES(9,'2026-11-24T09:00:00.000000Z','maplewander','finish_assertion','auth_7n45rz5pm8zgd33h0v5t','accepted');
INSERT INTO "audit" VALUES(10,'2026-11-24T09:00:00.000000Z','wander','suspend','auth_h1cxe1359zt0z8ks2ern','done');
INSERT INTO "audit" VALUES(11,'2026-11-24T09:00:00.000000Z','wander','end_sessions',NULL,'done');
INSERT INTO "audit" VALUES(12,'2026-11-24T09:00:00.000000Z','wander','grant_bypass','byp_2e5tepeqa43mx0t21y56','2026-11-24T10:00:00.000000Z');
INSERT INTO "audit" VALUES(13,'2026-11-24T09:00:00.000000Z','wander','enrol','auth_k2cvwsxprc25d0wjfbe9','pending');
INSERT INTO "audit" VALUES(14,'2026-11-24T09:00:00.000000Z','wander','confirm_code','auth_k2cvwsxprc25d0wjfbe9','accepted');
INSERT INTO "audit" VALUES(15,'2026-11-24T09:00:00.000000Z','wander','remove','auth_h1cxe1359zt0z8ks2ern','done');
INSERT INTO "audit" VALUES(16,'2026-11-24T09:00:00.000000Z','wander','end_sessions',NULL,'done');
INSERT INTO "audit" VALUES(17,'2026-11-24T09:00:00.000000Z','wander','end_bypass',NULL,'done');
CREATE TABLE authenticators (
    id TEXT PRIMARY KEY, login TEXT NOT NULL REFERENCES accounts(login), kind TEXT NOT NULL, label TEXT NOT NULL,
    tested INTEGER NOT NULL, suspended INTEGER NOT NULL DEFAULT 0, on_phone INTEGER NOT NULL,
    created_at TEXT NOT NULL, last_used_at TEXT, fail_count INTEGER NOT NULL DEFAULT 0, key TEXT,
    secret BLOB, counter INTEGER NOT NULL DEFAULT 0, drift_steps INTEGER NOT NULL DEFAULT 0,
    last_step INTEGER NOT NULL DEFAULT -1,
    credential_id BLOB UNIQUE, credential BLOB, sign_count INTEGER NOT NULL DEFAULT 0,
    backup_eligible INTEGER NOT NULL DEFAULT 0,
    challenge BLOB
) STRICT;
INSERT INTO "authenticators" VALUES('auth_n33m21z6djre9cnkykap','asking','totp','Phone',1,0,1,'2025-10-20T09:00:00.000000Z','2026-11-22T09:00:00.000000Z',0,NULL,X'581A22B22DE50472433D2E4459CDEA7F1B5B45818E26F752A9C1B1B22CB06D9B7AF585C29B8D56A7D615F88D3000E0BA',0,0,-1,NULL,NULL,0,0,NULL);
INSERT INTO "authenticators" VALUES('auth_vw776dt21g9zhxem1xpb','asking','passkey','Laptop',1,0,0,'2026-11-24T09:00:00.000000Z','2026-11-23T09:00:00.000000Z',0,NULL,NULL,0,0,-1,X'B99E8306DDA748A61E029A8A3F415B024A146CF0D98A98E1CF999661F967BDAF',X'000000000000000000000000000000000020B99E8306DDA748A61E029A8A3F415B024A146CF0D98A98E1CF999661F967BDAFA50102032620012158203E2C532735CEC7F97C32A863A8E836C2E95BA139D62ACC58E54BFE9D68BF22D32258202F0C48BE111661BD5CBD8A8711B9C195DD6036549EEA0E2F375F252B51E8C8EC',0,0,NULL);
INSERT INTO "authenticators" VALUES('auth_kt16qnqgn28emhyaee7e','waitingforabrowser','totp','Phone',1,0,1,'2025-10-20T09:00:00.000000Z','2026-11-22T09:00:00.000000Z',0,NULL,X'ED6740B9BD7425DCB03DE04BB214CB8C0DA31AA2CA25B21C04C9C531CDF627ACEF532F2F4C09263AB70A71FA2A378283',0,0,-1,NULL,NULL,0,0,NULL);
INSERT INTO "authenticators" VALUES('auth_m6q6q5k83gtfkh14xbgq','waitingforabrowser','passkey','Laptop',1,0,0,'2026-11-24T09:00:00.000000Z','2026-11-23T09:00:00.000000Z',0,NULL,NULL,0,0,-1,X'59340F6CF6C1F9810D387DD45CE301E94A2599ABF5FD99301D8FA94D13ABBE48',X'00000000000000000000000000000000002059340F6CF6C1F9810D387DD45CE301E94A2599ABF5FD99301D8FA94D13ABBE48A5010203262001215820276A46DD2C30E00674FDD07545EEC4C1B115B1D11CD7C02D851EC7A82F55AC842258200B173791C229BDA0094CDE5E28F50FCA012949DD5C7A9B774B2E66731B84E085',0,0,NULL);
INSERT INTO "authenticators" VALUES('auth_2v55yw0613paj59x5211','browserunconfirmed','totp','Phone',1,0,1,'2025-10-20T09:00:00.000000Z','2026-11-22T09:00:00.000000Z',0,NULL,X'D892DA5EFC8D5C7D438A96BBE8DC0A761E96908FC2009E1B97AF15210CD4AA214EA20FD3E9FF0D691EA745EE41289A21',0,0,-1,NULL,NULL,0,0,NULL);
INSERT INTO "authenticators" VALUES('auth_7m0m3h9hg49k6tty4j5e','browserunconfirmed','passkey','Laptop',1,0,0,'2026-11-24T09:00:00.000000Z','2026-11-23T09:00:00.000000Z',0,NULL,NULL,0,0,-1,X'E3F2C264D806ACA54E019C2BF0FE282BD4B49280C790183AFB5F69FB4D322603',X'000000000000000000000000000000000020E3F2C264D806ACA54E019C2BF0FE282BD4B49280C790183AFB5F69FB4D322603A5010203262001215820925CAD2517C18EC1F260648D770E52438CC702901BBB2AD7D22FC12668F3CF4E22582038E273A1D9CE43AD43B670BB73287F2B674B8D9D4461178B69A9A70143CB6D03',0,0,NULL);
INSERT INTO "authenticators" VALUES('auth_9kybhqkcaxfnvyksxe8r','proving','totp','Phone',1,0,1,'2025-10-20T09:00:00.000000Z','2026-11-22T09:00:00.000000Z',0,NULL,X'FFCD37D04396565BAFB9176A343D98C6FDA794661FD66CBE2CA9DA29784FC2F8394B47250B3D256009469837818379FF',0,0,-1,NULL,NULL,0,0,NULL);
INSERT INTO "authenticators" VALUES('auth_nc9pqq4c61shf5vycv68','proving','passkey','Laptop',1,0,0,'2026-11-24T09:00:00.000000Z','2026-11-23T09:00:00.000000Z',0,NULL,NULL,0,0,-1,X'425E29070444F8CD2C65C73A1FAEA7A29BB75D2DD15CFE8C513A9F950EDC472E',X'000000000000000000000000000000000020425E29070444F8CD2C65C73A1FAEA7A29BB75D2DD15CFE8C513A9F950EDC472EA50102032620012158208ED0C9DF25E8492055E60B00F4B9DAEF7D1276526BF824A0929C970459C23A6E2258208DCCE689E40DC9DC398DA924BD31AB18BE8FA698A3F0C12A539592A9D6A0E892',0,0,NULL);
INSERT INTO "authenticators" VALUES('auth_nc74jy9zk4xhtrza1g34','settingup','totp','Phone',1,1,1,'2025-10-20T09:00:00.000000Z','2026-11-22T09:00:00.000000Z',0,NULL,X'21DE274273CED71B0AA2E2403258196AAF58116D7A79F333DB30EFFA5F9EA52350495B03F700BA268EEDEA4B375ABB3C',0,0,-1,NULL,NULL,0,0,NULL);
INSERT INTO "authenticators" VALUES('auth_xjp08affagbq5k08c6t8','settingup','passkey','Laptop',1,0,0,'2026-11-24T09:00:00.000000Z','2026-11-24T09:00:00.000000Z',0,NULL,NULL,0,0,-1,X'E8555405951CB239F5C49204CD75B66554847E25BB200B09E99905B88891BBF5',X'000000000000000000000000000000000020E8555405951CB239F5C49204CD75B66554847E25BB200B09E99905B88891BBF5A50102032620012158208550B37B06152ECA541F69FED2D9DDD12CB7FD41F94CE56E9B62A330BF68FE0922582086A2C893EDFC4836A468148B65442983F3EB36AE8C291A1633CB97DC46912A07',1,0,NULL);
INSERT INTO "authenticators" VALUES('auth_7esy4vfb3t4kdhda7d2a','frozen','totp','Phone',1,0,1,'2025-10-20T09:00:00.000000Z','2026-11-22T09:00:00.000000Z',0,NULL,X'9D8A06582A0B19EA5785E4E1A2B34A6806CBAE54EDB2608858A7EF92F9678D3F57B45439EA76CBD96DC152229048965C',0,0,-1,NULL,NULL,0,0,NULL);
INSERT INTO "authenticators" VALUES('auth_m969rh1ne1aw5qa01nas','frozen','passkey','Laptop',1,0,0,'2026-11-24T09:00:00.000000Z','2026-11-23T09:00:00.000000Z',0,NULL,NULL,0,0,-1,X'35AF570A9D9AAD152B670D224313712B0B30A32AD97E36E94D0CC8896B158536',X'00000000000000000000000000000000002035AF570A9D9AAD152B670D224313712B0B30A32AD97E36E94D0CC8896B158536A5010203262001215820A1924155056092A51B68BFC2952636046F4BFCAF56F5215FD283B336B2ABBA5222582020546FCCFC554285BA0D44D4F3BEE60388B37041501FE985243D5E90A86DA15A',0,0,NULL);
INSERT INTO "authenticators" VALUES('auth_d1tkbjm0zcz0n2593cr3','closed','passkey','Laptop',1,0,0,'2026-11-24T09:00:00.000000Z','2026-11-24T09:00:00.000000Z',0,NULL,NULL,0,0,-1,X'45EE199DEA18A0AB916DB903958B78179364DD697C5B771D61997CD3F14B93E2',X'00000000000000000000000000000000002045EE199DEA18A0AB916DB903958B78179364DD697C5B771D61997CD3F14B93E2A50102032620012158207ECB1E45511BCF67E818A2E6B4AD37039D25343E2C9D0BCFF15BCFEC018B6DB62258208AA6A147C90DF8D6694F84BF03BAA2A173C29363A52C11E7F5529C334207E201',1,0,NULL);
INSERT INTO "authenticators" VALUES('auth_0vnrj0qt8xsmmap25z0c','closed','totp','Set up with the help desk',1,0,1,'2026-11-24T09:00:00.000000Z','2026-11-24T09:00:00.000000Z',0,'eff_a7banep2pgxh6nfjg42t',X'7C5078273BD7D6196AB05D8049F17F63DB47443313BAF60200289F24522082ED30A98FD16FBCC97FD63995FE7F69436E',0,0,59850360,NULL,NULL,0,0,NULL);
INSERT INTO "authenticators" VALUES('auth_7n45rz5pm8zgd33h0v5t','maplewander','passkey','Laptop',1,0,0,'2026-11-24T09:00:00.000000Z','2026-11-24T09:00:00.000000Z',0,NULL,NULL,0,0,-1,X'4B4BBE89651A0C741B26C8029A474D65DF2A17D67405B356F493E82B23430A42',X'0000000000000000000000000000000000204B4BBE89651A0C741B26C8029A474D65DF2A17D67405B356F493E82B23430A42A50102032620012158204438F2769ECDDC1B52DA8B9848E9630C83E0020E0BE6B091FB561EB36D391073225820F037228A55671125930F903BBC74BD97098BC5A38A6AB8019BD84104565664EA',1,0,NULL);
INSERT INTO "authenticators" VALUES('auth_k2cvwsxprc25d0wjfbe9','wander','totp','Set up with the help desk',1,0,1,'2026-11-24T09:00:00.000000Z','2026-11-24T09:00:00.000000Z',0,'eff_mmmt0rtv118986680npz',X'AEC0ADF72F9EAFBFB3C85711C981F478B03103385B0A58934A1474B959286D6054A7A12B97C305313098D667D9AE244A',0,0,59850360,NULL,NULL,0,0,NULL);
CREATE TABLE bypasses (
    id TEXT PRIMARY KEY, login TEXT NOT NULL REFERENCES accounts(login), key TEXT NOT NULL, hash BLOB NOT NULL,
    expires_at TEXT NOT NULL, used_at TEXT, UNIQUE (login, key)
) STRICT;
CREATE TABLE calls (
    n INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, login TEXT NOT NULL, number TEXT NOT NULL, staff TEXT NOT NULL
) STRICT;
CREATE TABLE done (
    key TEXT PRIMARY KEY, act TEXT NOT NULL, login TEXT NOT NULL, target TEXT NOT NULL, at TEXT NOT NULL
) STRICT;
INSERT INTO "done" VALUES('eff_wjyt215ww0q2gh8tdcsx','suspend','settingup','auth_nc74jy9zk4xhtrza1g34','2026-11-24T09:00:00.000000Z');
INSERT INTO "done" VALUES('eff_jnk842qb2z3574qqt8qn','suspend','closed','auth_eq7dx32kad2kk0hewe81','2026-11-24T09:00:00.000000Z');
INSERT INTO "done" VALUES('eff_ct3ckkbp60atsc9t7fm8','remove','closed','auth_eq7dx32kad2kk0hewe81','2026-11-24T09:00:00.000000Z');
INSERT INTO "done" VALUES('eff_7da3kntzhp3z3yqr0pzz','end_sessions','closed','','2026-11-24T09:00:00.000000Z');
INSERT INTO "done" VALUES('eff_tk9sv2t2dsgnpmndmnyp','suspend','wander','auth_h1cxe1359zt0z8ks2ern','2026-11-24T09:00:00.000000Z');
INSERT INTO "done" VALUES('eff_4r0gzprc94q1z8csw723','end_sessions','wander','','2026-11-24T09:00:00.000000Z');
INSERT INTO "done" VALUES('eff_s4yvtkdc1vq2drt499vd','remove','wander','auth_h1cxe1359zt0z8ks2ern','2026-11-24T09:00:00.000000Z');
INSERT INTO "done" VALUES('eff_b78p8gqe0c5qrrtqdgnq','end_sessions','wander','','2026-11-24T09:00:00.000000Z');
CREATE TABLE faults (
    n INTEGER PRIMARY KEY, kind TEXT NOT NULL, method TEXT NOT NULL, remaining INTEGER NOT NULL, latency_s REAL NOT NULL
) STRICT;
CREATE TABLE mailbox (
    n INTEGER PRIMARY KEY, at TEXT NOT NULL, address TEXT NOT NULL, subject TEXT NOT NULL, text TEXT NOT NULL,
    key TEXT NOT NULL UNIQUE
) STRICT;
INSERT INTO "mailbox" VALUES(1,'2026-11-24T09:00:00.000000Z','closed@fernhollow.example','Your sign-in has changed','A new device signs in to your account, and the old one no longer works. If this was not you, say so with the link.

The link shows one button, which works at once. If it was you, leave it:
http://localhost:8000/me/not-me/edcpw31tqkzbdy44pbe2z37kn8

Throwaway desk help desk','eff_c9r8ck1rbq0px9rrk64j/0');
INSERT INTO "mailbox" VALUES(2,'2026-11-24T09:00:00.000000Z','closed@home.example','Your sign-in has changed','A new device signs in to your account, and the old one no longer works. If this was not you, say so with the link.

The link shows one button, which works at once. If it was you, leave it:
http://localhost:8000/me/not-me/edcpw31tqkzbdy44pbe2z37kn8

Throwaway desk help desk','eff_c9r8ck1rbq0px9rrk64j/1');
INSERT INTO "mailbox" VALUES(3,'2026-11-24T09:00:00.000000Z','maplewander@fernhollow.example','Have you spoken to Wander today?','The Throwaway desk help desk asks you about Wander.

Speak to Wander first, in person or on a number that you already had. Then answer here, with your passkey:
http://localhost:8000/vouch/525b2fbg1tgzhbsgvfcgvt71c4

If you have not spoken to them, say so on the page. That is a good answer.','eff_jgye7a3fxv3ayx7c9psh/0');
INSERT INTO "mailbox" VALUES(4,'2026-11-24T09:00:00.000000Z','maplewander@home.example','Have you spoken to Wander today?','The Throwaway desk help desk asks you about Wander.

Speak to Wander first, in person or on a number that you already had. Then answer here, with your passkey:
http://localhost:8000/vouch/525b2fbg1tgzhbsgvfcgvt71c4

If you have not spoken to them, say so on the page. That is a good answer.','eff_jgye7a3fxv3ayx7c9psh/1');
INSERT INTO "mailbox" VALUES(5,'2026-11-24T09:00:00.000000Z','wander@fernhollow.example','Your sign-in has changed','A way in to your account was given for an hour, and it ends by itself. If this was not you, say so with the link.

The link shows one button, which works at once. If it was you, leave it:
http://localhost:8000/me/not-me/mcjqfepy97784te0x4s8ge5dzg

Throwaway desk help desk','eff_jh0mh4qaa03qwyehycea/0');
INSERT INTO "mailbox" VALUES(6,'2026-11-24T09:00:00.000000Z','wander@home.example','Your sign-in has changed','A way in to your account was given for an hour, and it ends by itself. If this was not you, say so with the link.

The link shows one button, which works at once. If it was you, leave it:
http://localhost:8000/me/not-me/mcjqfepy97784te0x4s8ge5dzg

Throwaway desk help desk','eff_jh0mh4qaa03qwyehycea/1');
INSERT INTO "mailbox" VALUES(7,'2026-11-24T09:00:00.000000Z','maplewander@fernhollow.example','Wander has a way in for a short time','The Throwaway desk help desk gave Wander a way in for a short time, since their phone or key is not at hand.

If Wander did not ask for this, please tell the desk at once.','eff_jh0mh4qaa03qwyehycea/2');
INSERT INTO "mailbox" VALUES(8,'2026-11-24T09:00:00.000000Z','maplewander@home.example','Wander has a way in for a short time','The Throwaway desk help desk gave Wander a way in for a short time, since their phone or key is not at hand.

If Wander did not ask for this, please tell the desk at once.','eff_jh0mh4qaa03qwyehycea/3');
INSERT INTO "mailbox" VALUES(9,'2026-11-24T09:00:00.000000Z','wander@fernhollow.example','Your sign-in has changed','A new device signs in to your account, and the old one no longer works. If this was not you, say so with the link.

The link shows one button, which works at once. If it was you, leave it:
http://localhost:8000/me/not-me/y7jjda5xk53733651m2pfzr458

Throwaway desk help desk','eff_9k2t30jdt8zhjye8myz9/0');
INSERT INTO "mailbox" VALUES(10,'2026-11-24T09:00:00.000000Z','wander@home.example','Your sign-in has changed','A new device signs in to your account, and the old one no longer works. If this was not you, say so with the link.

The link shows one button, which works at once. If it was you, leave it:
http://localhost:8000/me/not-me/y7jjda5xk53733651m2pfzr458

Throwaway desk help desk','eff_9k2t30jdt8zhjye8myz9/1');
CREATE TABLE recovery_codes (
    authenticator_id TEXT NOT NULL REFERENCES authenticators(id) ON DELETE CASCADE, hash BLOB NOT NULL, used_at TEXT,
    PRIMARY KEY (authenticator_id, hash)
) STRICT;
CREATE TABLE sessions (
    id TEXT PRIMARY KEY, login TEXT NOT NULL REFERENCES accounts(login), label TEXT NOT NULL, started_at TEXT NOT NULL,
    ended_at TEXT
) STRICT;
INSERT INTO "sessions" VALUES('sess_jqdy6hke1fb6bgr4cy86','wander','browser','2026-11-24T09:00:00.000000Z','2026-11-24T09:00:00.000000Z');
CREATE TABLE spent_challenges (challenge BLOB PRIMARY KEY, at TEXT NOT NULL) STRICT;
INSERT INTO "spent_challenges" VALUES(X'5133055EE4EEA69F9008C95F38616E4CFC2C004969D94DE6B295FB9FCE2DF0C8','2026-11-24T09:00:00.000000Z');
INSERT INTO "spent_challenges" VALUES(X'EDC5F45C3D80F812D2E8FB8098E01F25F439D5425E725F7DDD0484E81B9F41DE','2026-11-24T09:00:00.000000Z');
INSERT INTO "spent_challenges" VALUES(X'D127F9B4897E78E209BA4013B7AC4C58073249B1813ECD3ABC51392825612C48','2026-11-24T09:00:00.000000Z');
CREATE TABLE twin_checks (
    method TEXT NOT NULL, login TEXT NOT NULL, binding BLOB NOT NULL, response TEXT NOT NULL,
    finished INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (method, login, binding)
) STRICT;
INSERT INTO "twin_checks" VALUES('managed_device_signin','wander',X'997D274E84680024EE5002007EA19BB55CFC599B32373031ECF30D13334E5B02','917bf9721c770a67ae58',1);
CREATE TABLE twin_factors (
    login TEXT NOT NULL, method TEXT NOT NULL, available INTEGER NOT NULL, response TEXT, PRIMARY KEY (login, method)
) STRICT;
INSERT INTO "twin_factors" VALUES('wander','managed_device_signin',1,'wander');
CREATE INDEX authenticators_login ON authenticators (login);
COMMIT;
