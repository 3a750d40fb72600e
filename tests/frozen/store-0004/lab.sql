BEGIN TRANSACTION;
CREATE TABLE accounts (
    login TEXT PRIMARY KEY, disabled INTEGER NOT NULL DEFAULT 0, user_handle BLOB NOT NULL UNIQUE
) STRICT;
INSERT INTO "accounts" VALUES('chief',0,X'7BD5D47E446FCEC2A3D811736110E578');
INSERT INTO "accounts" VALUES('asking',0,X'1BCCCEA696762E6116C6E9C92D99BF35');
INSERT INTO "accounts" VALUES('waitingforabrowser',0,X'9492A875F74AC6F3AA202F4AD9892FED');
INSERT INTO "accounts" VALUES('browserunconfirmed',0,X'A77AFAB3D84B9DC66B1AABAC50B0FBBC');
INSERT INTO "accounts" VALUES('proving',0,X'2C26B58F90AE9A345B47146D57CD20F3');
INSERT INTO "accounts" VALUES('settingup',0,X'FEC12AB6EFE0634B7A536774A444DFB3');
INSERT INTO "accounts" VALUES('frozen',0,X'3ECFA6CF5A4AAFFCC8153790460D5FC8');
INSERT INTO "accounts" VALUES('closed',0,X'955D609689D52AC8A32D19ED9434C760');
INSERT INTO "accounts" VALUES('maplewander',0,X'F884B2DC2F8CF3AA5AD94E3FBD80A940');
INSERT INTO "accounts" VALUES('wander',0,X'8C7106CB1E047DA54C75C1EE78CBAB6A');
CREATE TABLE audit (
    n INTEGER PRIMARY KEY, at TEXT NOT NULL, login TEXT NOT NULL, act TEXT NOT NULL, authenticator_id TEXT,
    outcome TEXT NOT NULL
) STRICT;
INSERT INTO "audit" VALUES(1,'2026-11-24T09:00:00.000000Z','settingup','finish_assertion','auth_x6cgbe48j6xzbv5c0gmq','accepted');
INSERT INTO "audit" VALUES(2,'2026-11-24T09:00:00.000000Z','settingup','suspend','auth_4etpwmjy6md7zare95wh','done');
INSERT INTO "audit" VALUES(3,'2026-11-24T09:00:00.000000Z','closed','finish_assertion','auth_c6cqsmzh9e9y4t3n6q50','accepted');
INSERT INTO "audit" VALUES(4,'2026-11-24T09:00:00.000000Z','closed','suspend','auth_21rsy4z6qgf94xeevt63','done');
INSERT INTO "audit" VALUES(5,'2026-11-24T09:00:00.000000Z','closed','enrol','auth_aqs821dmctma41qbh414','pending');
INSERT INTO "audit" VALUES(6,'2026-11-24T09:00:00.000000Z','closed','confirm_code','auth_aqs821dmctma41qbh414','accepted');
INSERT INTO "audit" VALUES(7,'2026-11-24T09:00:00.000000Z','closed','remove','auth_21rsy4z6qgf94xeevt63','done');
INSERT INTO "audit" VALUES(8,'2026-11-24T09:00:00.000000Z','closed','end_sessions',NULL,'done');
INSERT INTO "audit" VALUES(9,'2026-11-24T09:00:00.000000Z','maplewander','finish_assertion','auth_yj9ygas38c544fa8bhy0','accepted');
INSERT INTO "audit" VALUES(10,'2026-11-24T09:00:00.000000Z','wander','suspend','auth_9tayzybv2g9s522stw20','done');
INSERT INTO "audit" VALUES(11,'2026-11-24T09:00:00.000000Z','wander','end_sessions',NULL,'done');
INSERT INTO "audit" VALUES(12,'2026-11-24T09:00:00.000000Z','wander','grant_bypass','byp_b2xcsdv9v4aq64wbmxcm','2026-11-24T10:00:00.000000Z');
INSERT INTO "audit" VALUES(13,'2026-11-24T09:00:00.000000Z','wander','enrol','auth_3340ave1d1kfh64sqskn','pending');
INSERT INTO "audit" VALUES(14,'2026-11-24T09:00:00.000000Z','wander','confirm_code','auth_3340ave1d1kfh64sqskn','accepted');
INSERT INTO "audit" VALUES(15,'2026-11-24T09:00:00.000000Z','wander','remove','auth_9tayzybv2g9s522stw20','done');
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
INSERT INTO "authenticators" VALUES('auth_hgq0e6425kj7sa67843y','asking','totp','Phone',1,0,1,'2025-10-20T09:00:00.000000Z','2026-11-22T09:00:00.000000Z',0,NULL,X'597164C4A6058A00581A22B2A26EEC22581C5DB0DF965717C60D4E737F522020AC8441BA5A0514BC60B94AE401FEBE8F',0,0,-1,NULL,NULL,0,0,NULL);
INSERT INTO "authenticators" VALUES('auth_sycscrfscyytzqreecvz','asking','passkey','Laptop',1,0,0,'2026-11-24T09:00:00.000000Z','2026-11-23T09:00:00.000000Z',0,NULL,NULL,0,0,-1,X'DCBED407E3E6B605B99E8306DDA748A61E029A8A3F415B024A146CF0D98A98E1',X'000000000000000000000000000000000020DCBED407E3E6B605B99E8306DDA748A61E029A8A3F415B024A146CF0D98A98E1A5010203262001215820E60F1F9C28FE48602B279A506E5C583DC03E85BB5FAD0BCFC7545822B3DC6A8C225820C1178CD0C5EA8E55F8F8C46D8975EC728E5EABA1A9A5EA59C949350DC75A3720',0,0,NULL);
INSERT INTO "authenticators" VALUES('auth_encr01dtrj56n7m2dfbe','waitingforabrowser','totp','Phone',1,0,1,'2025-10-20T09:00:00.000000Z','2026-11-22T09:00:00.000000Z',0,NULL,X'9A451DA1305317FEED6740B986F585D7B7C4CEFFF713E138F806EC683DED97BF17F0A429B1EB8AA020F37203EE3C9E21',0,0,-1,NULL,NULL,0,0,NULL);
INSERT INTO "authenticators" VALUES('auth_3p7tjk8knez4h8dedebf','waitingforabrowser','passkey','Laptop',1,0,0,'2026-11-24T09:00:00.000000Z','2026-11-23T09:00:00.000000Z',0,NULL,NULL,0,0,-1,X'FC91BAEFAE179BF759340F6CF6C1F9810D387DD45CE301E94A2599ABF5FD9930',X'000000000000000000000000000000000020FC91BAEFAE179BF759340F6CF6C1F9810D387DD45CE301E94A2599ABF5FD9930A50102032620012158205117BB026F1D771BFFF740143C19B022310468DED2208D4D54FADFB7570DEFF0225820E2FA2555C886A9ADC115615C7F8A6A3F87816837A5568E0C6252438E42A59F56',0,0,NULL);
INSERT INTO "authenticators" VALUES('auth_hy4yrqvsqmh1c5pabxra','browserunconfirmed','totp','Phone',1,0,1,'2025-10-20T09:00:00.000000Z','2026-11-22T09:00:00.000000Z',0,NULL,X'7E1007D7B95DAC64D892DA5E27F8F90B6F33997D9E7951DBC935F233D05A47D610135952990FDA71F0B26388D571BF14',0,0,-1,NULL,NULL,0,0,NULL);
INSERT INTO "authenticators" VALUES('auth_zdfpkytd68k06f81872k','browserunconfirmed','passkey','Laptop',1,0,0,'2026-11-24T09:00:00.000000Z','2026-11-23T09:00:00.000000Z',0,NULL,NULL,0,0,-1,X'8DE3DA970D560394E3F2C264D806ACA54E019C2BF0FE282BD4B49280C790183A',X'0000000000000000000000000000000000208DE3DA970D560394E3F2C264D806ACA54E019C2BF0FE282BD4B49280C790183AA50102032620012158209DC66C88FBC29EE676AC7F1B8A8D37C0BB7FD9B8852894642668CF43E8463A55225820768CE45D56C88D4CB3076DCEF96AE5F4ACCC9A653FA5E62AB0FFCE19F8505E95',0,0,NULL);
INSERT INTO "authenticators" VALUES('auth_q8c5w3gbfmmqpk7wq3f5','proving','totp','Phone',1,0,1,'2025-10-20T09:00:00.000000Z','2026-11-22T09:00:00.000000Z',0,NULL,X'DD95D469490D247CFFCD37D08963A42C528B70E6835D06F177AF6A1C8D8F2E8C2503258E19A17E1277FF8BC547CD5F95',0,0,-1,NULL,NULL,0,0,NULL);
INSERT INTO "authenticators" VALUES('auth_a4x9z58evh3jxarkdfe1','proving','passkey','Laptop',1,0,0,'2026-11-24T09:00:00.000000Z','2026-11-23T09:00:00.000000Z',0,NULL,NULL,0,0,-1,X'C31B4975041C9099425E29070444F8CD2C65C73A1FAEA7A29BB75D2DD15CFE8C',X'000000000000000000000000000000000020C31B4975041C9099425E29070444F8CD2C65C73A1FAEA7A29BB75D2DD15CFE8CA5010203262001215820AE0FBDE099C5780226E0BB9D0D01509F22E9195F8B5AA60B19699C7FD6C6077E22582044FD16FD195B13A1F350C37CB9EB669E47F8B18A98343617CCD126C8A674909A',0,0,NULL);
INSERT INTO "authenticators" VALUES('auth_4etpwmjy6md7zare95wh','settingup','totp','Phone',1,1,1,'2025-10-20T09:00:00.000000Z','2026-11-22T09:00:00.000000Z',0,NULL,X'E0F5D3CB0C58233021DE27421765B2AECF323744A426DEBC3C20D8CB4C38381122112E65118DA38029D6E0F4701D483D',0,0,-1,NULL,NULL,0,0,NULL);
INSERT INTO "authenticators" VALUES('auth_x6cgbe48j6xzbv5c0gmq','settingup','passkey','Laptop',1,0,0,'2026-11-24T09:00:00.000000Z','2026-11-24T09:00:00.000000Z',0,NULL,NULL,0,0,-1,X'E48229D1A5DEBDF9E8555405951CB239F5C49204CD75B66554847E25BB200B09',X'000000000000000000000000000000000020E48229D1A5DEBDF9E8555405951CB239F5C49204CD75B66554847E25BB200B09A5010203262001215820E2BF05BAB006FA1ECDE55916FDB41BDE8F62C21467082341DE50B6BAE2CEDCF5225820E5588BEC0C5DEAE3FC5D0720B8C57EE2B4E8CFA81E4C77059F036DCABB5CC86D',1,0,NULL);
INSERT INTO "authenticators" VALUES('auth_p6ysg8qcz375cexkw9pk','frozen','totp','Phone',1,0,1,'2025-10-20T09:00:00.000000Z','2026-11-22T09:00:00.000000Z',0,NULL,X'85D6A3EE6D40318C9D8A06586C391406997EF1AB4A7BE4F85BEEE2444573689204300DFB3089EC2A65C12325E9828CFD',0,0,-1,NULL,NULL,0,0,NULL);
INSERT INTO "authenticators" VALUES('auth_9m6ch2bb2p2kd8jckh2c','frozen','passkey','Laptop',1,0,0,'2026-11-24T09:00:00.000000Z','2026-11-23T09:00:00.000000Z',0,NULL,NULL,0,0,-1,X'22FEB8103516B8B935AF570A9D9AAD152B670D224313712B0B30A32AD97E36E9',X'00000000000000000000000000000000002022FEB8103516B8B935AF570A9D9AAD152B670D224313712B0B30A32AD97E36E9A50102032620012158204EA9505368BD02D774F5550EE32CD0EA326EC4F57D1F149EF1FBB932863798AC2258204D592F462413C2763F94F297020A146B8F3FF1C2BF7F648F85D1713476EC4BE2',0,0,NULL);
INSERT INTO "authenticators" VALUES('auth_c6cqsmzh9e9y4t3n6q50','closed','passkey','Laptop',1,0,0,'2026-11-24T09:00:00.000000Z','2026-11-24T09:00:00.000000Z',0,NULL,NULL,0,0,-1,X'5C7BB54B28732B0345EE199DEA18A0AB916DB903958B78179364DD697C5B771D',X'0000000000000000000000000000000000205C7BB54B28732B0345EE199DEA18A0AB916DB903958B78179364DD697C5B771DA50102032620012158203D3A1A101150427FAB86CA32EF407F6F3CC547ED27017B5EFC0651F1EA579B342258202BE532FD17E302F6E28E2025E6F547698C3ABC800E145D3A14FE70A7A089023E',1,0,NULL);
INSERT INTO "authenticators" VALUES('auth_aqs821dmctma41qbh414','closed','totp','Set up with the help desk',1,0,1,'2026-11-24T09:00:00.000000Z','2026-11-24T09:00:00.000000Z',0,'eff_8wkhhqhfjckh4mepnax1',X'2990D6DC7AF7EEDB7C507827A178D28B961CE72602E13DAD85E934465C152297E598AB2B87C003B52E5FB071DDFDAB69',0,0,59850360,NULL,NULL,0,0,NULL);
INSERT INTO "authenticators" VALUES('auth_yj9ygas38c544fa8bhy0','maplewander','passkey','Laptop',1,0,0,'2026-11-24T09:00:00.000000Z','2026-11-24T09:00:00.000000Z',0,NULL,NULL,0,0,-1,X'B4707C70E250EED94B4BBE89651A0C741B26C8029A474D65DF2A17D67405B356',X'000000000000000000000000000000000020B4707C70E250EED94B4BBE89651A0C741B26C8029A474D65DF2A17D67405B356A5010203262001215820575E33138959123B6385714B01A3712013A1E059394188AED39813EE56ADF8F122582050F194890962B4B32F0675BC09F17966377154FD90E7BF517C1EBCC93863169F',1,0,NULL);
INSERT INTO "authenticators" VALUES('auth_3340ave1d1kfh64sqskn','wander','totp','Set up with the help desk',1,0,1,'2026-11-24T09:00:00.000000Z','2026-11-24T09:00:00.000000Z',0,'eff_0phyc02papttv999m1hs',X'6FAD12B30160DDE5AEC0ADF7E6C83D0C93CCD55A626BF5D034F974C1C1F5038FD8EDDB256F19BB3158BAB30E02793597',0,0,59850360,NULL,NULL,0,0,NULL);
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
INSERT INTO "done" VALUES('eff_pn853sm1n834hs5xm422','suspend','settingup','auth_4etpwmjy6md7zare95wh','2026-11-24T09:00:00.000000Z');
INSERT INTO "done" VALUES('eff_xbw75xv5da4mx5b6g855','suspend','closed','auth_21rsy4z6qgf94xeevt63','2026-11-24T09:00:00.000000Z');
INSERT INTO "done" VALUES('eff_535k1sygg2fsysm6s76t','remove','closed','auth_21rsy4z6qgf94xeevt63','2026-11-24T09:00:00.000000Z');
INSERT INTO "done" VALUES('eff_p4x3qt0k7e78tetm77bz','end_sessions','closed','','2026-11-24T09:00:00.000000Z');
INSERT INTO "done" VALUES('eff_skkkxybgpm02qn6kkp5n','suspend','wander','auth_9tayzybv2g9s522stw20','2026-11-24T09:00:00.000000Z');
INSERT INTO "done" VALUES('eff_aaptazawxp16p9g11zdh','end_sessions','wander','','2026-11-24T09:00:00.000000Z');
INSERT INTO "done" VALUES('eff_1d4nxbvbr59rqj9xqn6j','remove','wander','auth_9tayzybv2g9s522stw20','2026-11-24T09:00:00.000000Z');
INSERT INTO "done" VALUES('eff_wd24mxjyvryxapehch17','end_sessions','wander','','2026-11-24T09:00:00.000000Z');
CREATE TABLE faults (
    n INTEGER PRIMARY KEY, kind TEXT NOT NULL, method TEXT NOT NULL, remaining INTEGER NOT NULL, latency_s REAL NOT NULL
) STRICT;
CREATE TABLE mailbox (
    n INTEGER PRIMARY KEY, at TEXT NOT NULL, address TEXT NOT NULL, subject TEXT NOT NULL, text TEXT NOT NULL,
    key TEXT NOT NULL UNIQUE
) STRICT;
INSERT INTO "mailbox" VALUES(1,'2026-11-24T09:00:00.000000Z','closed@fernhollow.example','Your sign-in has changed','A new device signs in to your account, and the old one no longer works. If this was not you, say so with the link.

The link shows one button, which works at once. If it was you, leave it:
http://localhost:8000/me/not-me/mwc9k299xxnjgwtsdr63nf7ypr

Throwaway desk help desk','eff_7hased5zhtdjtrkggs66/0');
INSERT INTO "mailbox" VALUES(2,'2026-11-24T09:00:00.000000Z','closed@home.example','Your sign-in has changed','A new device signs in to your account, and the old one no longer works. If this was not you, say so with the link.

The link shows one button, which works at once. If it was you, leave it:
http://localhost:8000/me/not-me/mwc9k299xxnjgwtsdr63nf7ypr

Throwaway desk help desk','eff_7hased5zhtdjtrkggs66/1');
INSERT INTO "mailbox" VALUES(3,'2026-11-24T09:00:00.000000Z','maplewander@fernhollow.example','Have you spoken to Wander today?','The Throwaway desk help desk asks you about Wander.

Speak to Wander first, in person or on a number that you already had. Then answer here, with your passkey:
http://localhost:8000/vouch/1rsdkpdzdyfyra4ap4yq03n1z0

If you have not spoken to them, say so on the page. That is a good answer.','eff_sk3rhnyf8y0ff51wwema/0');
INSERT INTO "mailbox" VALUES(4,'2026-11-24T09:00:00.000000Z','maplewander@home.example','Have you spoken to Wander today?','The Throwaway desk help desk asks you about Wander.

Speak to Wander first, in person or on a number that you already had. Then answer here, with your passkey:
http://localhost:8000/vouch/1rsdkpdzdyfyra4ap4yq03n1z0

If you have not spoken to them, say so on the page. That is a good answer.','eff_sk3rhnyf8y0ff51wwema/1');
INSERT INTO "mailbox" VALUES(5,'2026-11-24T09:00:00.000000Z','wander@fernhollow.example','Your sign-in has changed','A way in to your account was given for an hour, and it ends by itself. If this was not you, say so with the link.

The link shows one button, which works at once. If it was you, leave it:
http://localhost:8000/me/not-me/spb15fbdydad98s5eyxdwjeeg8

Throwaway desk help desk','eff_re92qeww4qtax5219297/0');
INSERT INTO "mailbox" VALUES(6,'2026-11-24T09:00:00.000000Z','wander@home.example','Your sign-in has changed','A way in to your account was given for an hour, and it ends by itself. If this was not you, say so with the link.

The link shows one button, which works at once. If it was you, leave it:
http://localhost:8000/me/not-me/spb15fbdydad98s5eyxdwjeeg8

Throwaway desk help desk','eff_re92qeww4qtax5219297/1');
INSERT INTO "mailbox" VALUES(7,'2026-11-24T09:00:00.000000Z','maplewander@fernhollow.example','Wander has a way in for a short time','The Throwaway desk help desk gave Wander a way in for a short time, since their phone or key is not at hand.

If Wander did not ask for this, please tell the desk at once.','eff_re92qeww4qtax5219297/2');
INSERT INTO "mailbox" VALUES(8,'2026-11-24T09:00:00.000000Z','maplewander@home.example','Wander has a way in for a short time','The Throwaway desk help desk gave Wander a way in for a short time, since their phone or key is not at hand.

If Wander did not ask for this, please tell the desk at once.','eff_re92qeww4qtax5219297/3');
INSERT INTO "mailbox" VALUES(9,'2026-11-24T09:00:00.000000Z','wander@fernhollow.example','Your sign-in has changed','A new device signs in to your account, and the old one no longer works. If this was not you, say so with the link.

The link shows one button, which works at once. If it was you, leave it:
http://localhost:8000/me/not-me/hzkerpgttwk13wf54tmbv6a6e4

Throwaway desk help desk','eff_9p6sw2wxfna4ak65m611/0');
INSERT INTO "mailbox" VALUES(10,'2026-11-24T09:00:00.000000Z','wander@home.example','Your sign-in has changed','A new device signs in to your account, and the old one no longer works. If this was not you, say so with the link.

The link shows one button, which works at once. If it was you, leave it:
http://localhost:8000/me/not-me/hzkerpgttwk13wf54tmbv6a6e4

Throwaway desk help desk','eff_9p6sw2wxfna4ak65m611/1');
CREATE TABLE recovery_codes (
    authenticator_id TEXT NOT NULL REFERENCES authenticators(id) ON DELETE CASCADE, hash BLOB NOT NULL, used_at TEXT,
    PRIMARY KEY (authenticator_id, hash)
) STRICT;
CREATE TABLE sessions (
    id TEXT PRIMARY KEY, login TEXT NOT NULL REFERENCES accounts(login), label TEXT NOT NULL, started_at TEXT NOT NULL,
    ended_at TEXT
) STRICT;
INSERT INTO "sessions" VALUES('sess_2gev9ys81ctx95evwd36','wander','browser','2026-11-24T09:00:00.000000Z','2026-11-24T09:00:00.000000Z');
CREATE TABLE spent_challenges (challenge BLOB PRIMARY KEY, at TEXT NOT NULL) STRICT;
INSERT INTO "spent_challenges" VALUES(X'5A0FFD17BB6E64023FCC7A2E3852DF20AF2790E5CC123ED41A9BEC364246E70A','2026-11-24T09:00:00.000000Z');
INSERT INTO "spent_challenges" VALUES(X'66386E3756E886144D31DF5F1E85571CB2053E2554BD841794D38DE037AD603D','2026-11-24T09:00:00.000000Z');
INSERT INTO "spent_challenges" VALUES(X'C31DD7C34D14BE765E5344865BE3301FA024A800629904B501BAB32C2F3169D2','2026-11-24T09:00:00.000000Z');
CREATE TABLE twin_checks (
    method TEXT NOT NULL, login TEXT NOT NULL, binding BLOB NOT NULL, response TEXT NOT NULL,
    finished INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (method, login, binding)
) STRICT;
INSERT INTO "twin_checks" VALUES('managed_device_signin','wander',X'B51970B31BFD03113A9674E6E1427572145D4A9CAEF0305D4DED920FC4E341AF','7472c8cc17d10c06b7ec',1);
CREATE TABLE twin_factors (
    login TEXT NOT NULL, method TEXT NOT NULL, available INTEGER NOT NULL, response TEXT, PRIMARY KEY (login, method)
) STRICT;
INSERT INTO "twin_factors" VALUES('wander','managed_device_signin',1,'wander');
CREATE INDEX authenticators_login ON authenticators (login);
COMMIT;
