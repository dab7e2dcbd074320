create or replace function sample.country_words() returns table (
    country text, weight integer, language text, currency text, zone text, distance integer, invoices double precision,
    mobile_prefixes text[], mobile_digits integer, address_form text, streets text[])
language sql immutable parallel safe
begin atomic
    -- Where customers live: their share in a thousand, whose names they bear, what they pay with, days a parcel takes, the
    -- share of invoices, how mobile numbers begin (then so many digits follow), and their streets.
    -- A prefix that is empty is the city's: sample.city_words() has it.
    select w.country, w.weight, w.language, w.currency, w.zone, w.distance, w.invoices,
        string_to_array(w.prefixes, ' '), w.digits, w.form, string_to_array(w.streets, ',')
    from (values
        ('DE', 235, 'de', 'EUR', 'Europe/Berlin', 1, 0.22, '1511 1512 1514 1515 1516 1517 1520 1521 1522 1523 1525 1570 1573 1575 1577 1578 1590', 7, '%1$s %2$s, %3$s %4$s',
            'Hauptstraße,Bahnhofstraße,Gartenweg,Schulstraße,Lindenallee,Goethestraße,Schillerstraße,Bergstraße,Am Markt,Kirchgasse,Waldweg,Mühlenstraße,Rosenweg,Dorfstraße,Ringstraße'),
        ('GB', 120, 'en', 'GBP', 'Europe/London', 3, 0.03, '739 740 741 742 743 744 746 747 748 749 753 754 755 756 757 758 771 772 773 774 775 776 777 780 784 785 786 787 788 790 792 794 795 796 797 798', 7, '%2$s %1$s, %4$s %3$s',
            'High Street,Station Road,Church Lane,Victoria Road,Mill Lane,Park Avenue,Kings Road,Green Lane,Queen Street,The Crescent,Manor Road,Orchard Close,Albert Road,York Street'),
        ('US', 110, 'en', 'USD', 'America/New_York', 6, 0.01, '', 7, '%2$s %1$s, %4$s %3$s',
            'Main Street,Oak Avenue,Maple Street,Washington Street,Elm Street,Lake Drive,Park Avenue,Cedar Lane,Sunset Boulevard,2nd Street,Pine Street,Hill Road,Jefferson Avenue,Lincoln Street'),
        ('FR', 95, 'fr', 'EUR', 'Europe/Paris', 2, 0.04, '60 61 62 66 67 68 75 76 77', 7, '%2$s %1$s, %3$s %4$s',
            'rue de la République,rue Victor Hugo,avenue Jean Jaurès,rue Pasteur,place de l''Église,rue des Lilas,boulevard Voltaire,rue du Moulin,chemin des Vignes,rue Gambetta,allée des Tilleuls'),
        ('NL', 65, 'nl', 'EUR', 'Europe/Amsterdam', 1, 0.12, '61 62 63 64 65', 7, '%1$s %2$s, %3$s %4$s',
            'Dorpsstraat,Kerkstraat,Molenweg,Schoolstraat,Stationsweg,Prinsengracht,Julianalaan,Beatrixstraat,Nieuwstraat,Lindelaan,Havenkade'),
        ('IT', 62, 'it', 'EUR', 'Europe/Rome', 3, 0.02, '320 328 333 338 340 347 348 349', 7, '%1$s %2$s, %3$s %4$s',
            'Via Roma,Via Garibaldi,Corso Italia,Via Dante,Via Mazzini,Viale Europa,Piazza San Marco,Via Verdi,Via Cavour,Via della Stazione,Via Manzoni'),
        ('ES', 58, 'es', 'EUR', 'Europe/Madrid', 3, 0.02, '60 61 62 63 64 65 66 67 68 69', 7, '%1$s %2$s, %3$s %4$s',
            'Calle Mayor,Calle Real,Avenida de la Constitución,Calle del Sol,Calle San Juan,Paseo del Parque,Calle Nueva,Plaza de España,Calle de la Iglesia,Avenida de Andalucía'),
        ('PL', 60, 'pl', 'PLN', 'Europe/Warsaw', 2, 0.06, '501 502 505 509 601 603 605 607 660 661 692 694 696 698', 6, 'ul. %1$s %2$s, %3$s %4$s',
            'Polna,Leśna,Słoneczna,Krótka,Szkolna,Ogrodowa,Lipowa,Łąkowa,Brzozowa,Kwiatowa,Kościelna,Sosnowa,Zielona,Parkowa'),
        ('AT', 48, 'de', 'EUR', 'Europe/Vienna', 1, 0.20, '660 664 676 699', 7, '%1$s %2$s, %3$s %4$s',
            'Hauptplatz,Bahnhofstraße,Mozartstraße,Schulgasse,Kirchengasse,Wiener Straße,Feldgasse,Lindengasse,Ringstraße,Am Anger'),
        ('CH', 42, 'de', 'CHF', 'Europe/Zurich', 2, 0.24, '76 77 78 79', 7, '%1$s %2$s, %3$s %4$s',
            'Bahnhofstrasse,Dorfstrasse,Seestrasse,Hauptstrasse,Birkenweg,Kirchweg,Schulhausstrasse,Bergstrasse,Rosenweg,Oberdorfstrasse'),
        ('SE', 38, 'sv', 'SEK', 'Europe/Stockholm', 3, 0.18, '70 72 73 76', 7, '%1$s %2$s, %3$s %4$s',
            'Storgatan,Drottninggatan,Kungsgatan,Skolgatan,Kyrkogatan,Järnvägsgatan,Björkvägen,Ängsvägen,Parkgatan,Strandvägen'),
        ('DK', 26, 'da', 'DKK', 'Europe/Copenhagen', 2, 0.05, '201 202 203 204 205 211 212 213 214 221 222 223 224 231 232 233 241 242 251 252 261 262 271 281 282 291 292 301 302 303 311 312 313 401 402 403 411 412 421 422 501 502 511 512 521 522 531 601 602 611', 5, '%1$s %2$s, %3$s %4$s',
            'Hovedgaden,Nørregade,Østergade,Vestergade,Skolevej,Kirkevej,Strandvejen,Birkevej,Algade,Møllevej'),
        ('CZ', 23, 'cs', 'CZK', 'Europe/Prague', 2, 0.04, '601 602 603 604 605 606 607 608 720 721 724 728 731 732 737 773 774 775 776 777', 6, '%1$s %2$s, %3$s %4$s',
            'Hlavní,Nádražní,Školní,Zahradní,Komenského,Palackého,Husova,Polní,Lipová,Masarykova,Na Kopci'),
        ('JP', 18, 'ja', 'JPY', 'Asia/Tokyo', 7, 0.01, '701 702 703 704 801 802 803 804 805 806 807 808 809 901 902 903 904 905 906 907 908 909', 7, '%1$s %2$s, %4$s %3$s',
            'Honcho,Chuo,Sakuragi,Higashimachi,Nishimachi,Midori,Asahi,Sakae,Hinode,Matsubara')
    ) as w (country, weight, language, currency, zone, distance, invoices, prefixes, digits, form, streets);
end;
