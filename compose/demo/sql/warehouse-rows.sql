-- People who do not exist: the Aadhaar numbers fail the checksum of real ones, mobile numbers begin with 90000, accounts with
-- 0000, and mail goes to domains that are reserved for examples.

insert into public.golden_records values
 (1001,'FAM-JPR-000417','5021943307','234567890121','Asha Devi Sharma','आशा देवी शर्मा','1984-02-29','female','+91 90000 10417','asha.sharma@example.in','Plot 14, Gandhi Nagar','Near Shiv Mandir, Tonk Road','Jaipur','Jaipur','जयपुर','302015',26.912434,75.787271,'State Bank of India','000010417556231','SBIN0031026',245000.50,'verified',true,
  '[{"system":"bhamashah","aadhaar":"234567890121","phone":"9000010417"},{"system":"pds","name":"Asha Sharma"}]',0.98765,'mdm-batch','2023-04-01 09:30:00','2024-11-02 05:06:07.089123+05:30'),
 (1002,'FAM-JPR-000417','5021943307','345678901232','Ramesh Kumar Sharma','रमेश कुमार शर्मा','1979-08-14','male','9000010418','ramesh.sharma@example.in','Plot 14, Gandhi Nagar',null,'Jaipur','Jaipur','जयपुर','302015',26.912434,75.787271,'Bank of Baroda','000020418998877','BARB0JAIPUR',312500.00,'verified',true,
  '[{"system":"labour","aadhaar":"345678901232"}]',0.91234,'mdm-batch','2023-04-01 09:30:00','2024-11-02 05:06:08+05:30'),
 (1003,'FAM-JOD-002210','5077120984','4567-8901-2343','Imran "Raja" Khan','इमरान ख़ान','1969-12-31','male','+91-90000-22101','imran.khan@example.org','House 7, Sojati Gate','Moti Chowk','Jodhpur','Jodhpur','जोधपुर','342001',26.238947,73.024309,'Punjab National Bank','0000306612345678','PUNB0123400',98000.00,'verified',null,
  null,0.88001,'operator 14','2023-05-11 12:00:00.5','2024-10-20 10:00:00+05:30'),
 (1004,'FAM-UDR-000093','5098837120',null,'Meena Bai','मीना बाई','2001-01-01','female','+91-९००००-३३०१२','meena@उदाहरण.परीक्षा','मकान नं. 9, भील बस्ती','गाँव झाड़ोल','झाड़ोल','Udaipur','उदयपुर','313702',24.353611,73.520833,'राजस्थान मरुधरा ग्रामीण बैंक','000040931122','RMGB0000093',36000.00,'pending',true,
  '[]',0.75,'e-mitra kiosk','2023-06-21 08:15:00','2024-09-01 00:00:00+05:30'),
 (1005,'FAM-KOT-001155','5033302219','567890123454','Zoë D''Souza-Rathore',null,'1992-07-07','other',null,null,'22/B Talwandi, Sector "A"',E'Opp. water tank\nback lane','Kota','Kota','कोटा','324005',null,null,null,null,null,null,'verified',false,
  null,null,null,'2023-07-01 00:00:00','2024-08-15 18:30:00+00'),
 (1006,'FAM-AJM-000701','5044418830','678901234565','Harpreet Kaur','हरप्रीत कौर','1956-11-30','female','9000070106','harpreet.k@example.net','Ana Sagar Link Road 3','Vaishali Nagar','Ajmer','Ajmer','अजमेर','305004',26.4499,74.6399,'Canara Bank','0000507010099','CNRB0002217',54000.75,'verified',true,
  '[{"system":"pension","ppo":"RJ-88120"}]',0.99999,'mdm-batch','2023-01-15 10:10:10.101010','2024-07-30 07:08:09.000001+05:30'),
 (1007,'FAM-BKN-000322','5055529941','789012345676','Om Prakash Bishnoi','ओम प्रकाश बिश्नोई','1965-03-03','male','9000032207','op.bishnoi@example.in','Ward 12, Nokha','','Nokha','Bikaner','बीकानेर','334803',27.5544,73.4712,'State Bank of India','000010322445566','SBIN0031377',128750.25,'verified',true,
  '{}',0.5,'mdm-batch','2022-12-31 23:59:59.999','1999-12-31 23:59:59.999999+00'),
 (1008,'FAM-ALW-000808','5066630052','890123456787','Farida Begum','फ़रीदा बेगम',null,'female','9000080812','','Mohalla Ganj, Tijara','Behind Jama Masjid','Tijara','Alwar','अलवर','301411',27.9339,76.8561,'UCO Bank','0000608080101','UCBA0000808',0.00,'rejected',false,
  null,0.12345,'operator 14','2024-02-29 12:00:00','2024-02-29 12:00:00+00'),
 (9007199254740993,'FAM-BRM-999999','5011111119','901234567898','Kesar Kanwar','केसर कँवर','1948-08-15','female','9000099993','kesar@example.in','Dhani Khari, Post Chohtan','Tehsil Chohtan','Chohtan','Barmer','बाड़मेर','344702',25.4783,71.0700,'Indian Bank','0000799999321','IDIB000B123',9731864205.97,'verified',true,
  '[{"note":"key beyond 2^53"}]',1,'mdm-batch','2023-04-01 09:30:00','2024-11-02 00:00:00+05:30');

insert into public.profile_360 values
 ('a1b2c3d4-0000-4000-8000-000000001001',1001,'5021943307',5,3,'+91 90000 10417','asha.sharma@example.in','{"line1":"Plot 14, Gandhi Nagar","pin":"302015","geo":{"lat":26.912434,"lon":75.787271}}','2.5-5 LPA',
  '[{"bank":"State Bank of India","account":"000010417556231","ifsc":"SBIN0031026"}]','MEDIUM','{"health":0.61,"food":0.22,"housing":0.48}','{"pds_visits_90d":7,"wage_days":112,"income_est":245000.5,"id":9007199254740993}','{0.12,-0.5,1e-7}','xgb-2024.10','{PALANHAR,UJJWALA}',48250.00,true,
  'Household of five, two school children, marginal landholding.',repeat('पाँच सदस्यों का परिवार, दो बच्चे विद्यालय में। ',90),'2024-11-02 03:04:05.678901+05:30'),
 ('a1b2c3d4-0000-4000-8000-000000001003',1003,'5077120984',7,4,'+91-90000-22101','imran.khan@example.org','{"line1":"House 7, Sojati Gate"}','0-1 LPA','[]','HIGH','{"health":0.9,"food":0.8,"housing":0.7}',('{"pad":"' || repeat('wage-signal;',400) || '"}')::jsonb,'{}','xgb-2024.10','{}',0,null,
  'Daily wage household.',repeat('दिहाड़ी मज़दूर परिवार। ',150),'2024-10-20 10:00:00+05:30'),
 ('a1b2c3d4-0000-4000-8000-000000001004',1004,'5098837120',2,0,'+91-९००००-३३०१२','meena@उदाहरण.परीक्षा',null,'0-1 LPA','[{"account":"000040931122"}]','HIGH',null,null,null,null,'{NREGA,NULL,"PM AWAS"}',15000.25,true,null,'अकेली महिला, जनजातीय क्षेत्र।','2024-09-01 00:00:00+05:30'),
 ('a1b2c3d4-0000-4000-8000-000000001006',1006,'5044418830',1,0,'9000070106',null,'{}',null,'[]','LOW','{}','{}','{1.5,NULL}','lgbm-2023.2','{PENSION-OLD}',123456789012.34,false,'Pensioner, lives alone.',null,'2024-07-30 07:08:09+05:30'),
 ('a1b2c3d4-0000-4000-8000-000000001999',9007199254740993,'5011111119',null,null,null,null,null,'5-10 LPA','[]',null,null,null,null,null,null,default,default,'','','1970-01-01 00:00:00+00');

insert into public.scheme_master values
 ('PALANHAR','Palanhar Yojana','पालनहार योजना','Social Justice','Monthly support for children without parental care.','अनाथ बच्चों के लिए मासिक सहायता।',1500.00,true,'2005-02-08','{"age":{"max":18},"internal_weight":0.73}','2024-01-01 10:20:30.456'),
 ('PENSION-OLD','Old Age Pension','वृद्धावस्था पेंशन योजना','Pension','Pension from the age of 55 (women) or 58 (men).',null,1150.00,true,'1974-11-01','{"age":{"min":55},"cutoff_secret":"rule-7741"}','2024-01-01 10:20:30'),
 ('UJJWALA','PM Ujjwala Yojana','प्रधानमंत्री उज्ज्वला योजना','Petroleum','First cooking gas connection.','पहला रसोई गैस कनेक्शन।',1600.00,true,'2016-05-01',null,'2024-01-01 10:20:30'),
 ('NREGA','MGNREGA','महात्मा गांधी नरेगा','Rural Development','One hundred days of work a year.','वर्ष में सौ दिन का काम।',null,null,'2006-02-02','{}','2024-06-30 00:00:00'),
 ('PM AWAS','PM Awas Yojana (Gramin)','प्रधानमंत्री आवास योजना','Rural Development','House for the houseless.',null,120000.00,true,'2016-11-20','[]','2024-06-30 00:00:00'),
 ('BHAMASHAH','Bhamashah Card',null,default,null,null,null,false,null,null,'2019-12-31 00:00:00');

insert into eligibility.eligibility_snapshots values
 ('FAM-JPR-000417','PALANHAR','RULE_ELIGIBLE',0.9712,0.97,'{0.93,0.99}',1,'Two children below 18, income below the limit.','दो बच्चे 18 वर्ष से कम, आय सीमा से कम।','[{"rule":"age","ok":true,"weight":0.73},{"rule":"income","ok":true,"threshold":"rule-7741"}]','{"income_est":245000.5}','2024-11-02 00:10:00+05:30','2025-03-31'),
 ('FAM-JPR-000417','UJJWALA','POSSIBLE_ELIGIBLE',0.6400,0.55,'{0.40,0.70}',2,'No connection found under this ration card.',null,'[]','{}','2024-11-02 00:10:00+05:30','2025-03-31'),
 ('FAM-JOD-002210','NREGA','RULE_ELIGIBLE',0.8801,1e-7,null,1,'Rural household with unskilled adult members.','ग्रामीण परिवार, अकुशल वयस्क सदस्य।',null,null,'2024-10-20 10:00:00+05:30',null),
 ('FAM-JOD-002210','PM AWAS','NOT_ELIGIBLE',0.1000,0.99,'{}',3,'Owns a permanent house.',null,'[{"rule":"pucca_house","ok":false}]','{"roof":"rcc"}','2024-10-20 10:00:00+05:30',null),
 ('FAM-UDR-000093','PM AWAS','RULE_ELIGIBLE',1.0000,1,'{1,1}',1,null,'कच्चा मकान, जनजातीय क्षेत्र।',null,null,'2024-09-01 00:00:00+05:30','2025-12-31'),
 ('FAM-AJM-000701','PENSION-OLD','RULE_ELIGIBLE',0.9999,0.5,null,1,'Aged 67.','67 वर्ष।','[]',null,'2024-07-30 07:08:09.000001+05:30','2030-01-01'),
 ('FAM-BRM-999999','PENSION-OLD','UNDER_REVIEW',null,null,null,null,null,null,null,null,default,null);
