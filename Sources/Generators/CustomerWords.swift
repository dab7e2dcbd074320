/// Where made-up customers live and what they are called: those of `generate shop` (sql/functions/65_sample/1_words).
enum CustomerWords {
    struct Country {
        var code: String
        var name: String
        var callingCode: String
        /// Before a number dialled at home; nil where there is none, or where it stays in the international form.
        var trunk: String?
        /// Of a thousand customers, so many live here.
        var weight: Int
        var language: String
        /// How mobile numbers begin, after the calling code; so many digits follow.
        var prefixes: String
        var digits: Int
        /// The largest first, each with the postal codes it has: # a digit, @ a letter.
        var cities: [(name: String, postalCodes: String)]
    }

    static let countries = [
        Country(
            code: "DE", name: "Germany", callingCode: "49", trunk: "0", weight: 235, language: "de",
            prefixes: """
                1511 1512 1514 1515 1516 1517 1520 1521 1522 1523 1525 1570 1573 1575 1577 1578 1590
                """,
            digits: 7,
            cities: [
                ("Berlin", "101##,104##,120##,130##,141##"),
                ("Hamburg", "200##,203##,221##,227##"),
                ("München", "803##,805##,813##,816##"),
                ("Köln", "506##,508##,510##"),
                ("Frankfurt am Main", "603##,604##,605##"),
                ("Stuttgart", "701##,703##,705##"),
                ("Düsseldorf", "402##,404##,405##"),
                ("Leipzig", "041##,042##,043##"),
                ("Dresden", "010##,011##,012##"),
                ("Nürnberg", "904##"),
                ("Hannover", "301##,304##,305##"),
                ("Freiburg im Breisgau", "791##"),
            ]),
        Country(
            code: "GB", name: "United Kingdom", callingCode: "44", trunk: "0", weight: 120, language: "en",
            prefixes: """
                739 740 741 742 743 744 746 747 748 749 753 754 755 756 757 758 771 772 773 774 775 776 777 780 \
                784 785 786 787 788 790 792 794 795 796 797 798
                """,
            digits: 7,
            cities: [
                ("London", "E1 #@@,N1 #@@,SE1 #@@,SW4 #@@,W2 #@@,NW3 #@@,EC1V #@@"),
                ("Birmingham", "B1 #@@,B5 #@@,B13 #@@"),
                ("Manchester", "M1 #@@,M4 #@@,M14 #@@"),
                ("Leeds", "LS1 #@@,LS6 #@@"),
                ("Glasgow", "G1 #@@,G12 #@@,G41 #@@"),
                ("Liverpool", "L1 #@@,L8 #@@"),
                ("Bristol", "BS1 #@@,BS6 #@@"),
                ("Edinburgh", "EH1 #@@,EH6 #@@"),
                ("Sheffield", "S1 #@@,S11 #@@"),
                ("Cardiff", "CF10 #@@,CF24 #@@"),
                ("Belfast", "BT1 #@@,BT9 #@@"),
            ]),
        Country(
            code: "US", name: "United States", callingCode: "1", trunk: nil, weight: 110, language: "en",
            prefixes: """
                212 646 718 917 213 310 323 312 773 713 281 832 602 215 267 619 858 206 303 720 617 857 404 678 \
                612
                """,
            digits: 7,
            cities: [
                ("New York", "100##,101##,112##"),
                ("Los Angeles", "900##"),
                ("Chicago", "606##"),
                ("Houston", "770##,772##"),
                ("Phoenix", "850##"),
                ("Philadelphia", "191##"),
                ("San Diego", "921##"),
                ("Seattle", "981##"),
                ("Denver", "802##"),
                ("Boston", "021##,022##"),
                ("Atlanta", "303##"),
                ("Minneapolis", "554##"),
            ]),
        Country(
            code: "FR", name: "France", callingCode: "33", trunk: "0", weight: 95, language: "fr",
            prefixes: "60 61 62 66 67 68 75 76 77",
            digits: 7,
            cities: [
                ("Paris", "7500#,7501#"),
                ("Marseille", "1300#,1301#"),
                ("Lyon", "6900#"),
                ("Toulouse", "31000,31200,31300,31400,31500"),
                ("Nice", "06000,06100,06200,06300"),
                ("Nantes", "44000,44100,44200,44300"),
                ("Strasbourg", "67000,67100,67200"),
                ("Bordeaux", "33000,33100,33200,33300,33800"),
                ("Lille", "59000,59800"),
                ("Rennes", "35000,35200,35700"),
            ]),
        Country(
            code: "NL", name: "Netherlands", callingCode: "31", trunk: "0", weight: 65, language: "nl",
            prefixes: "61 62 63 64 65",
            digits: 7,
            cities: [
                ("Amsterdam", "101# @@,105# @@,109# @@"),
                ("Rotterdam", "301# @@,302# @@,306# @@"),
                ("Den Haag", "251# @@,256# @@"),
                ("Utrecht", "351# @@,358# @@"),
                ("Eindhoven", "561# @@,565# @@"),
                ("Groningen", "971# @@,974# @@"),
                ("Maastricht", "621# @@,622# @@"),
            ]),
        Country(
            code: "IT", name: "Italy", callingCode: "39", trunk: nil, weight: 62, language: "it",
            prefixes: "320 328 333 338 340 347 348 349",
            digits: 7,
            cities: [
                ("Roma", "001##"),
                ("Milano", "201##"),
                ("Napoli", "801##"),
                ("Torino", "101##"),
                ("Palermo", "901##"),
                ("Genova", "161##"),
                ("Bologna", "401##"),
                ("Firenze", "501##"),
                ("Verona", "371##"),
            ]),
        Country(
            code: "ES", name: "Spain", callingCode: "34", trunk: nil, weight: 58, language: "es",
            prefixes: "60 61 62 63 64 65 66 67 68 69",
            digits: 7,
            cities: [
                ("Madrid", "2800#,2801#,2802#,2803#"),
                ("Barcelona", "0800#,0801#,0802#"),
                ("Valencia", "4600#,4601#"),
                ("Sevilla", "4100#,4101#"),
                ("Zaragoza", "5000#,5001#"),
                ("Málaga", "2900#,2901#"),
                ("Palma", "0700#,0701#"),
                ("Bilbao", "4800#,4801#"),
            ]),
        Country(
            code: "PL", name: "Poland", callingCode: "48", trunk: nil, weight: 60, language: "pl",
            prefixes: "501 502 505 509 601 603 605 607 660 661 692 694 696 698",
            digits: 6,
            cities: [
                ("Warszawa", "00-###,01-###,02-###,03-###"),
                ("Kraków", "30-###,31-###"),
                ("Wrocław", "50-###,53-###"),
                ("Łódź", "90-###,91-###"),
                ("Poznań", "60-###,61-###"),
                ("Gdańsk", "80-###"),
                ("Szczecin", "70-###,71-###"),
                ("Lublin", "20-###"),
                ("Katowice", "40-###"),
            ]),
        Country(
            code: "AT", name: "Austria", callingCode: "43", trunk: "0", weight: 48, language: "de",
            prefixes: "660 664 676 699",
            digits: 7,
            cities: [
                ("Wien", "1010,1020,1030,1050,1070,1090,1100,1120,1150,1180,1210,1220"),
                ("Graz", "8010,8020,8036,8041,8051"),
                ("Linz", "4020,4030,4040"),
                ("Salzburg", "5020,5023,5026"),
                ("Innsbruck", "6020"),
                ("Klagenfurt", "9020"),
            ]),
        Country(
            code: "CH", name: "Switzerland", callingCode: "41", trunk: "0", weight: 42, language: "de",
            prefixes: "76 77 78 79",
            digits: 7,
            cities: [
                ("Zürich", "8001,8002,8003,8004,8005,8006,8008,8032,8037,8045,8046,8050,8051"),
                ("Basel", "4051,4052,4053,4054,4055,4056,4057,4058"),
                ("Bern", "3004,3005,3006,3007,3008,3010,3012,3014"),
                ("Winterthur", "8400,8404,8405,8406"),
                ("Luzern", "6003,6004,6005,6006"),
                ("St. Gallen", "9000,9008,9010,9014"),
            ]),
        Country(
            code: "SE", name: "Sweden", callingCode: "46", trunk: "0", weight: 38, language: "sv",
            prefixes: "70 72 73 76",
            digits: 7,
            cities: [
                ("Stockholm", "111 ##,112 ##,113 ##,115 ##,118 ##"),
                ("Göteborg", "411 ##,412 ##,413 ##,416 ##"),
                ("Malmö", "211 ##,212 ##,214 ##"),
                ("Uppsala", "752 ##,753 ##,754 ##"),
                ("Linköping", "582 ##,583 ##"),
                ("Umeå", "903 ##,907 ##"),
            ]),
        Country(
            code: "DK", name: "Denmark", callingCode: "45", trunk: nil, weight: 26, language: "da",
            prefixes: """
                201 202 203 204 205 211 212 213 214 221 222 223 224 231 232 233 241 242 251 252 261 262 271 281 \
                282 291 292 301 302 303 311 312 313 401 402 403 411 412 421 422 501 502 511 512 521 522 531 601 \
                602 611
                """,
            digits: 5,
            cities: [
                ("København", "1###,2100,2200,2300,2400,2450"),
                ("Aarhus", "8000,8200,8210"),
                ("Odense", "5000,5200,5220,5230"),
                ("Aalborg", "9000,9200,9220"),
                ("Esbjerg", "6700,6705,6710"),
            ]),
        Country(
            code: "CZ", name: "Czechia", callingCode: "420", trunk: nil, weight: 23, language: "cs",
            prefixes: """
                601 602 603 604 605 606 607 608 720 721 724 728 731 732 737 773 774 775 776 777
                """,
            digits: 6,
            cities: [
                ("Praha", "110 00,120 00,130 00,140 00,150 00,160 00,170 00,190 00"),
                ("Brno", "602 00,612 00,616 00,621 00,639 00"),
                ("Ostrava", "700 30,702 00,708 00,710 00"),
                ("Plzeň", "301 00,312 00,318 00,326 00"),
                ("Olomouc", "779 00"),
            ]),
        Country(
            code: "JP", name: "Japan", callingCode: "81", trunk: "0", weight: 18, language: "ja",
            prefixes: """
                701 702 703 704 801 802 803 804 805 806 807 808 809 901 902 903 904 905 906 907 908 909
                """,
            digits: 7,
            cities: [
                ("Tokyo", "10#-00##,15#-00##,16#-00##,17#-00##"),
                ("Yokohama", "22#-00##,23#-00##"),
                ("Osaka", "53#-00##,54#-00##"),
                ("Nagoya", "45#-00##,46#-00##"),
                ("Sapporo", "06#-00##"),
                ("Fukuoka", "81#-00##"),
                ("Kyoto", "60#-80##"),
            ]),
    ]
}
